"""One message in, one structured turn out. The bot answers from an article, asks back, or hands over; it never invents."""

import time

from verticals import precision
from verticals.evaluation.predictor import Prediction, Predictor
from verticals.methods import one_pass
from verticals.runs import Run
from verticals_customer_service import (
    alarm,
    data,
    flows,
    knowledge,
    moves,
    phrases,
    policy,
    responders,
    retrieval,
    voice,
    wishes,
)
from verticals_customer_service.hearing import Heard, Skills
from verticals_customer_service.knowledge import Knowledge, Source
from verticals_customer_service.orders import OrderBackend, OrderRefused
from verticals_customer_service.settings import Settings
from verticals_customer_service.slots import SlotReader
from verticals_customer_service.turns import Alternative, Conversation, Move, Thought, Turn
from verticals_customer_service.voice import Voice


class Bot:
    """A trained classifier with intents, articles, skills, and a way to introduce itself."""

    def __init__(
        self, predictor: Predictor, known: Knowledge, skills: Skills | None = None, spoken: Voice | None = None
    ) -> None:
        self.predictor = predictor
        self.knowledge = known
        self.skills = skills or Skills()
        self.said = phrases.of(known.language)
        self.voice = spoken or voice.of(Settings(), self.said, samples=False)

    @classmethod
    def load(cls, run: Run, orders: OrderBackend | None = None) -> "Bot":
        """Load the bot that a run holds; it acts on `orders` where there are some."""
        settings = Settings.model_validate(run.config.app)
        known = knowledge.read(run.folder, run.labels, settings.link_hosts)
        predictor = policy.applied(Predictor.load(run), run.folder, settings.most_wrong)
        search, slots = retrieval.load(run.folder, run.config, known.articles), SlotReader.load(run)
        matcher = search.matcher if search else None
        trouble = alarm.load(run.folder, run.config, matcher.embed) if matcher else None
        readers = [
            *predictor.classifier.readers,
            *(search.readers if search else ()),
            *([slots.tagger] if slots.tagger else []),
        ]
        one_pass.share(readers)
        for reader in (*readers, *(trouble.heard.readers if trouble else ())):
            if not reader.frozen:  # a backbone of its own, which nobody else reads with
                precision.keep_in_bfloat16(reader.module.encoder)
        skills = Skills(search, slots, orders, responders.load(settings), alarm=trouble)
        return cls(predictor, known, skills, voice.of(settings, phrases.of(known.language), data.from_samples(run)))

    def turn(self, conversation: Conversation, message: str) -> tuple[Conversation, Turn]:
        """Answer one message and do at once what it confirms, as where nobody else can act meanwhile."""
        thought = self.think(conversation, message)
        try:
            self.carry_out(thought)
        except OrderRefused:
            thought = thought.refused()
        return thought.memory, thought.turn

    def carry_out(self, thought: Thought) -> None:
        """Do to an order what a thought came to, if anything.

        Raises:
            OrderRefused: the order does not allow it any more; nothing was changed.
        """
        if thought.deed and self.skills.orders:
            flows.carry_out(thought.deed, self.skills.orders)

    def think(self, conversation: Conversation, message: str) -> Thought:
        """Return how one message would be answered; nothing is done yet."""
        started = time.perf_counter()
        heard = self.skills.hear(message, self.predictor.predict([message])[0])
        move = self._move(conversation, heard)
        turn = Turn(
            reply=move.reply,
            action=move.action,
            intent=heard.prediction.label,
            confidence=heard.prediction.confidence,
            alternatives=self._alternatives(heard.prediction),
            sources=move.sources,
            latency_ms=round((time.perf_counter() - started) * 1000, 2),
            entities=heard.entities,
            fell_back=move.fell_back,
        )
        return Thought(conversation.after(message, turn, move), turn, move.deed)

    def _move(self, conversation: Conversation, heard: Heard) -> Move:
        if conversation.handed_over:
            return Move("hand_over", self.said.waiting)
        skilled = moves.first(self.skills, self.knowledge, conversation, heard)
        return skilled or (self._answer(conversation, heard) if heard.clear else self._clarify(conversation, heard))

    def _clarify(self, conversation: Conversation, heard: Heard) -> Move:
        found = self.knowledge.found(heard.relevance.sure()) if heard.relevance else None
        if found and not heard.trouble:
            return moves.quote(self.skills, self.knowledge, conversation, heard, found)
        if conversation.unclear_in_a_row:
            return Move("hand_over", self.said.still_unsure)
        if not heard.prediction.familiar:
            return Move("clarify", self.voice.unfamiliar)
        offered = self.knowledge.found(heard.relevance.clear()) if heard.relevance else None
        if offered:
            return Move("clarify", self.said.offer.format(title=offered.title), offered=(offered.id,))
        return Move("clarify", self.said.clarify.format(options=self._options(heard.prediction)))

    def _answer(self, conversation: Conversation, heard: Heard) -> Move:
        intent, known = heard.prediction.label, self.knowledge
        if known.intents[intent].action == "hand_over":
            found = self._plainly_asked(heard)
            if found:
                return moves.quote(self.skills, self.knowledge, conversation, heard, found)
            source = known.answer(intent, heard.message, heard.relevance)
            quoted = f"{source.text}\n\n" if source else ""
            return Move("hand_over", quoted + self.said.hand_over, (source,) if source else ())
        sources = known.likeliest(heard.prediction.ranking, heard.message, heard.relevance)
        if not sources:
            return Move("hand_over", self.said.no_article.format(intent=self.knowledge.named(intent)))
        if not conversation.unclear_in_a_row:
            return self._ask_back(heard, sources) or moves.quote(self.skills, known, conversation, heard, sources[0])
        if heard.trouble or _irrelevant(heard):
            return Move("hand_over", self.said.still_unsure)
        return moves.quote(self.skills, known, conversation, heard, sources[0])

    def _plainly_asked(self, heard: Heard) -> Source | None:
        """Return the article that answers instead of a person: the search is sure of it, and nothing sounds like trouble.

        How complaints are dealt with may be asked by somebody who has none; such an article is told to a question, not to a wish.
        """
        if heard.relevance is None or not heard.calm:
            return None
        position = heard.relevance.sure()
        return (self.knowledge.told if wishes.is_question(heard.message) else self.knowledge.found)(position)

    def _ask_back(self, heard: Heard, sources: tuple[Source, ...]) -> Move | None:
        """Return the question that comes before an answer that is in doubt, or None where none is needed."""
        if _irrelevant(heard):
            return Move("clarify", self.said.nothing.format(intent=self.knowledge.named(heard.prediction.label)))
        offered = tuple(each.id for each in sources)
        if len(sources) > 1:
            return Move(
                "clarify", self.said.which.format(first=sources[0].title, second=sources[1].title), offered=offered
            )
        return (
            Move("clarify", self.said.doubt.format(title=sources[0].title), offered=offered) if heard.trouble else None
        )

    def _options(self, prediction: Prediction) -> str:
        return "\n".join(f"- {self.knowledge.named(intent)}" for intent, _ in prediction.ranking[:3])

    def _alternatives(self, prediction: Prediction) -> tuple[Alternative, ...]:
        return tuple(
            Alternative(intent, self.knowledge.named(intent), confidence)
            for intent, confidence in prediction.ranking[1:4]
        )


def _irrelevant(heard: Heard) -> bool:
    """Say whether no article is relevant, unless the intent alone is nearly certain."""
    found = heard.relevance
    return found is not None and not found.any() and heard.prediction.confidence < moves.NEARLY_SURE
