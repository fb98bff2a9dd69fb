"""What the bot does before it looks for an answer: call a person, go on with a task, take a yes, be polite.

Each rule looks at the conversation and the message and makes a move, or leaves it to the next; where none does, the bot answers from
its articles as `dialogue` says. What the rules need (articles, slots, orders, the day) stands in `hearing.Skills`; a bot without them has none.
"""

import re
from dataclasses import replace

from verticals_customer_service import assent, choices, courtesy, escalation, filling, flows, phrases, wishes
from verticals_customer_service.filling import Flow
from verticals_customer_service.flows import Step
from verticals_customer_service.hearing import Heard, Skills
from verticals_customer_service.knowledge import Knowledge, Source
from verticals_customer_service.responder import Request, grounded
from verticals_customer_service.tasks import TASKS
from verticals_customer_service.turns import Conversation, Move

_REJECTS = re.compile(
    r"^\W*not that\b"
    r"|\b(?:not what i|i didn'?t (?:ask|mean|get a)|doesn'?t (?:help|answer)|that'?s not (?:it|what))\b"
    r"|\b(?:(?<!do )(?<!can )(?<!would )i know|i said|as i said|that'?s the point)\b"
    r"|不是(?:这个|这些|问这|我想问|我要问|我问|我的意思|我要的)|我(?:问|说)的(?:不)?是|答非所问|^\W*(?:没用|没有用|没有?帮助)",
    re.IGNORECASE,
)
_THANKED = re.compile(r"\b(?:thanks|thank you)\b|谢", re.IGNORECASE)
NEARLY_SURE = 0.9  # the intent alone is believed from here
_INNOCENT = ("law", "distress", "person")  # reasons whose words stand in many an ordinary question, too
_MOST_ASIDES = 2
_WISH = "talk_to_person"  # the kind of trouble that is a wish for a person, or sounds like one


def first(skills: Skills, known: Knowledge, conversation: Conversation, heard: Heard) -> Move | None:
    """Return the move of the first rule that has one."""
    for rule in (_escalate, _go_on, _open_offered, _be_polite, _heed_alarm, _take_rejection, _begin, _follow_up):
        move = rule(skills, known, conversation, heard)
        if move:
            return move
    return None


def quote(skills: Skills, known: Knowledge, conversation: Conversation, heard: Heard, source: Source) -> Move:
    """Return the answer that an article gives, as the responder puts it; who has read it and asks no more is not told again."""
    if source.id in conversation.quoted and not wishes.is_question(heard.message):
        said = phrases.of(known.language)
        again = Move("clarify", said.again.format(title=source.title))
        return Move("hand_over", said.still_rejected) if conversation.unclear_in_a_row else again
    history = tuple((message, turn.reply) for message, turn in conversation.turns)
    reply = grounded(skills.responder, Request(heard.message, history, (source,)))
    return Move("answer", reply.text, (source,), fell_back=reply.fell_back)


def _escalate(skills: Skills, known: Knowledge, conversation: Conversation, heard: Heard) -> Move | None:
    reason = escalation.reason(heard.message)
    if reason is None or (reason == "exhausted" and conversation.flow):
        return None
    return None if reason in _INNOCENT and _is_plain(known, heard) else _call_a_person(known, reason)


def _is_plain(known: Knowledge, heard: Heard) -> bool:
    """Say whether a message is an ordinary question, whatever its words: a solicitor may buy a lamp, and flowers for a funeral need a vase."""
    found = heard.prediction
    answerable = heard.clear and found.confidence >= NEARLY_SURE and known.intents[found.label].action == "answer"
    return answerable and heard.calm


def _heed_alarm(skills: Skills, known: Knowledge, conversation: Conversation, heard: Heard) -> Move | None:
    """Call a person where the alarm is certain, unless it hears a mere wish for one in a plain task for an order that is named."""
    trouble = heard.trouble
    if trouble is None or not trouble.certain:
        return None
    plain_task = heard.clear and heard.numbered and flows.begins(heard.prediction.label, heard.message, heard.entities)
    if trouble.kind == _WISH and plain_task and skills.orders:
        return None  # it is asked about and confirmed before anything is done
    return _call_a_person(known, trouble.kind)


def _call_a_person(known: Knowledge, reason: str) -> Move:
    said = phrases.of(known.language)
    return Move("hand_over", (said.danger if reason == "danger" else "") + said.hand_over)


def _go_on(skills: Skills, known: Knowledge, conversation: Conversation, heard: Heard) -> Move | None:
    flow = conversation.flow
    if flow is None or skills.orders is None:
        return None
    if flow.blocked and (courtesy := _be_polite(skills, known, conversation, heard)):
        return courtesy
    elsewhere = heard.clear and heard.prediction.label != flow.intent
    if elsewhere and flows.gives_way(flow, heard.prediction.label, heard.message, heard.entities):
        return None
    if not elsewhere or flows.concerns(flow, heard.message, heard.entities):
        return _step(skills, known, flow, heard)
    aside = known.answer(heard.prediction.label, heard.message, heard.relevance)
    if aside is None or known.intents[heard.prediction.label].action == "hand_over" or flow.asides + 1 >= _MOST_ASIDES:
        return None  # another matter: the flow is left
    waiting = replace(flow, asides=flow.asides + 1)
    return Move("answer", f"{aside.text}\n\n{flows.reminder(flow, skills.orders)}", (aside,), waiting)


def _begin(skills: Skills, known: Knowledge, conversation: Conversation, heard: Heard) -> Move | None:
    found = heard.prediction
    intent = found.label if heard.clear else filling.meant([name for name, _ in found.ranking[:2]], heard.entities)
    plain = heard.clear or (found.familiar and heard.numbered)
    order = conversation.flow.order if conversation.flow else None  # of the task that was left for this one
    if skills.orders is None or not plain:
        return None
    if flows.declines(intent, heard.message):
        return Move("answer", flows.LEFT)
    if not flows.begins(intent, heard.message, heard.entities, order):
        return None
    if not order and not heard.numbered and _is_about_another(known, intent, heard):
        return None
    return _step(skills, known, Flow(intent, order), heard)


def _is_about_another(known: Knowledge, intent: str, heard: Heard) -> bool:
    """Say whether the likeliest articles are others than the task's own: a parcel that is on its way is not sent elsewhere."""
    own = known.answer(intent, TASKS[intent].about)
    likeliest = known.likeliest(heard.prediction.ranking, heard.message, heard.relevance)
    return bool(own and likeliest) and own not in likeliest


def _step(skills: Skills, known: Knowledge, flow: Flow, heard: Heard) -> Move | None:
    if skills.orders is None:
        return None
    step: Step = flows.advance(flow, heard.message, heard.entities, skills.orders, skills.today())
    source = known.answer(flow.intent, step.about) if step.about else None
    quoted = f"{step.reply}\n\n{source.text}" if source else step.reply
    return Move(step.action, quoted, (source,) if source else (), step.flow, deed=step.deed)


def _open_offered(skills: Skills, known: Knowledge, conversation: Conversation, heard: Heard) -> Move | None:
    found = [known.source(each) for each in _chosen(known, conversation.offered, heard)]
    sources = tuple(source for source in found if source)
    return Move("answer", "\n\n".join(source.text for source in sources), sources) if sources else None


def _chosen(known: Knowledge, offered: tuple[str, ...], heard: Heard) -> tuple[str, ...]:
    """Return the articles that a message takes: by their place in the question, by a yes, or where one is what the message is most about."""
    if len(offered) > 1 and choices.takes_all(heard.message):
        return offered
    place = choices.place(heard.message, len(offered)) if len(offered) > 1 else None
    if place is not None:
        return offered[place : place + 1]
    if not offered or assent.agrees(heard.message):
        return offered[:1]
    if heard.relevance is None or not heard.relevance.any():
        return ()
    if len(offered) == 1 or heard.trouble or _rejects(heard.message):
        return ()
    best = known.articles[heard.relevance.best()].id
    return (best,) if best in offered else ()


def _be_polite(skills: Skills, known: Knowledge, conversation: Conversation, heard: Heard) -> Move | None:
    before = conversation.turns[-1][1] if conversation.turns else None
    reply = courtesy.reply(heard.message, before, phrases.of(known.language))
    return Move("ask", reply) if reply else None


def _take_rejection(skills: Skills, known: Knowledge, conversation: Conversation, heard: Heard) -> Move | None:
    """Where the customer says that the last answer was not it, another is not guessed unless the message makes it plain.

    What was done to an order only a person can undo.
    """
    if not conversation.turns:
        return None
    before, rejects, said = conversation.turns[-1][1], _rejects(heard.message), phrases.of(known.language)
    if before.action == "done" and (rejects or assent.stops(heard.message) or assent.undoes(heard.message)):
        return Move("hand_over", said.not_undone)
    if not rejects or (heard.clear and heard.prediction.label != before.intent):
        return None
    if before.action == "clarify":
        return Move("hand_over", said.still_rejected)
    return Move("clarify", said.rejected) if before.action == "answer" and before.sources else None


def _rejects(message: str) -> bool:
    return bool(_REJECTS.search(message)) or (assent.refuses(message) and not _THANKED.search(message))


def _follow_up(skills: Skills, known: Knowledge, conversation: Conversation, heard: Heard) -> Move | None:
    """An unclear message after an answer is read as a question about the same subject, where an article on it is the most relevant."""
    if heard.clear or heard.trouble or not conversation.turns or heard.relevance is None or not heard.relevance.any():
        return None
    before, best = conversation.turns[-1][1], known.articles[heard.relevance.best()]
    if (
        before.action != "answer"
        or before.intent not in best.intents
        or best.id in {each.id for each in before.sources}
    ):
        return None
    source = known.source(best.id)
    return quote(skills, known, conversation, heard, source) if source else None
