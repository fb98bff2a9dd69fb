"""The agents' part of the page: who waits, what was said, taking over and giving back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from verticals import access
from verticals.notices import notice
from verticals_customer_service import conversations, inbox
from verticals_customer_service.conversations import ConversationError, Empty, IllegalStep, Step, TooLong
from verticals_customer_service.desk import Desk
from verticals_customer_service.ui_learning import build_learning
from verticals_customer_service.ui_notices import SHOWN, require
from verticals_customer_service.ui_sending import DRAFT, GIVEN_BACK, SENT

_REFRESH_SECONDS = 5.0
Choices = list[tuple[str, str]]


def build_inbox(desk: Desk, key: str, texts: Mapping[str, str], names: Mapping[str, str]) -> None:
    """Add the inbox, closed until somebody gives the key."""
    unlocked = gr.State(False)
    with gr.Column() as door:
        given = gr.Textbox(label=texts["key"], info=texts["key_hint"], type="password", max_lines=1)
        opener = gr.Button(texts["unlock"], variant="primary")
    with gr.Column(visible=False) as room:
        with gr.Row():
            with gr.Column(scale=2, min_width=320):
                queue = gr.Radio([], label=texts["queue"])
                refresh = gr.Button(texts["refresh"], size="sm")
            with gr.Column(scale=3, min_width=320):
                detail = gr.HTML(_empty(texts["choose"]))
                with gr.Row():
                    steps: dict[Step, gr.Button] = {
                        "take_over": gr.Button(texts["take_over"], variant="primary", size="sm"),
                        "give_back": gr.Button(texts["give_back"], size="sm"),
                        "resolve": gr.Button(texts["resolve"], size="sm"),
                    }
                reply = gr.Textbox(label=texts["reply"], lines=2, max_lines=6)
                sent = gr.Textbox(visible=False)
                send = gr.Button(texts["send_reply"])
        build_learning(desk, texts, names, unlocked)
    timer = gr.Timer(_REFRESH_SECONDS, active=False)
    look = partial(look_at, desk, texts, names)
    for event in (opener.click, given.submit):
        event(
            partial(unlock, key, texts), given, [unlocked, given, door, room, timer], api_visibility="private"
        ).success(look, [unlocked, queue], [queue, detail], api_visibility="private")
    asked = [refresh.click, queue.input]
    gr.on(asked, look, [unlocked, queue], [queue, detail], trigger_mode="always_last", api_visibility="private")
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    queue.input(None, [queue, reply], reply, trigger_mode="multiple", js=DRAFT)
    timer.tick(look, [unlocked, queue], [queue, detail], **quiet)
    for step, button in steps.items():
        button.click(
            partial(take_step, desk, texts, names, step), [unlocked, queue], [queue, detail], api_visibility="private"
        )
    written = gr.on([send.click, reply.submit], None, reply, [reply, sent], js=SENT)
    answered = written.then(
        partial(answer, desk, texts, names),
        [unlocked, queue, sent],
        [queue, detail],
        trigger_mode="multiple",
        api_visibility="private",
    )
    answered.failure(None, [reply, sent], reply, js=GIVEN_BACK)


def unlock(key: str, texts: Mapping[str, str], given: str) -> tuple[bool, str, gr.Column, gr.Column, gr.Timer]:
    """Open the inbox to whoever has the key.

    Raises:
        gr.Error: it is not the key.
    """
    if not access.opens(key, given):
        raise notice(texts, texts["wrong_key"])
    return True, "", gr.Column(visible=False), gr.Column(visible=True), gr.Timer(active=True)


def look_at(
    desk: Desk, texts: Mapping[str, str], names: Mapping[str, str], unlocked: bool, chosen: str | None
) -> tuple[gr.Radio, str]:
    """Return the queue as choices, and the chosen conversation.

    A choice that is still there is not sent back: it would undo the next one, made meanwhile.
    """
    require(unlocked, texts)
    choices = queue_choices(desk, texts)
    label = texts["queue"] if choices else f"{texts['queue']}: {texts['queue_empty']}"
    there = chosen in {name for _, name in choices}
    queue = gr.Radio(choices, label=label) if there else gr.Radio(choices, value=None, label=label)
    return queue, detail_html(desk, texts, names, chosen)


def queue_choices(desk: Desk, texts: Mapping[str, str]) -> Choices:
    """Return the conversations for people: how long they wait, their state, and how they began."""
    return [
        (
            f"{texts['minutes'].format(minutes=each.seconds / 60)} · {texts[each.state]} · {each.first_message[:SHOWN] or '–'}",
            each.name,
        )
        for each in inbox.queue(desk.engine, datetime.now(UTC))
    ]


def detail_html(desk: Desk, texts: Mapping[str, str], names: Mapping[str, str], name: str | None) -> str:
    """Show a conversation to an agent: summary, then transcript; every text is escaped."""
    if name is None:
        return _empty(texts["choose"])
    try:
        known = inbox.summary(desk.engine, name)
        _, messages = inbox.transcript(desk.engine, name)
    except ConversationError:
        return _empty(texts["gone"])
    intents = ", ".join(names.get(intent, intent) for intent in known.intents) or texts["nothing_yet"]
    action = texts[known.action] if known.action else texts["nothing_yet"]
    who = {"customer": texts["customer"], "bot": texts["bot_name"], "agent": texts["agent_name"]}
    lines = "".join(
        f"<p><b>{escape(who[each.sender])}</b> <span class='muted'>{each.written_at:%H:%M}</span><br>"
        f"{escape(each.text).replace(chr(10), '<br>')}</p>"
        for each in messages
    )
    return (
        f"<p class='notice state'>{escape(texts[known.state])}</p>"
        f"<p><span class='label'>{texts['first_message']}:</span> {escape(known.first_message)}<br>"
        f"<span class='label'>{texts['understood']}:</span> {escape(intents)}<br>"
        f"<span class='label'>{texts['last_action']}:</span> {escape(action)}</p>"
        f"<p class='label'>{texts['transcript']}</p><div class='source'>{lines}</div>"
    )


def take_step(
    desk: Desk, texts: Mapping[str, str], names: Mapping[str, str], step: Step, unlocked: bool, chosen: str | None
) -> tuple[gr.Radio, str]:
    """Take over, give back or resolve the chosen conversation.

    Raises:
        gr.Error: none is chosen, or its state does not allow it.
    """
    require(unlocked, texts)
    if chosen is None:
        raise notice(texts, texts["choose"])
    try:
        conversations.step(desk.engine, chosen, step, datetime.now(UTC))
    except IllegalStep as error:
        raise notice(texts, texts["illegal"].format(state=texts[error.state])) from error
    except ConversationError as error:
        raise notice(texts, texts["gone"]) from error
    return look_at(desk, texts, names, unlocked, chosen)


def answer(
    desk: Desk, texts: Mapping[str, str], names: Mapping[str, str], unlocked: bool, chosen: str | None, text: str
) -> tuple[gr.Radio, str]:
    """Write to the customer: queue, conversation.

    Raises:
        gr.Error: none is chosen, nothing was written, or no agent has the conversation.
    """
    require(unlocked, texts)
    if chosen is None:
        raise notice(texts, texts["choose"])
    try:
        conversations.answer(desk.engine, chosen, text, datetime.now(UTC), desk.public, desk.limits)
    except Empty as error:
        raise notice(texts, texts["empty"]) from error
    except TooLong as error:
        raise notice(texts, texts["too_long"].format(found=len(text), most=desk.limits.characters)) from error
    except IllegalStep as error:
        raise notice(texts, texts["take_over_first"].format(state=texts[error.state])) from error
    except ConversationError as error:
        raise notice(texts, texts["gone"]) from error
    return look_at(desk, texts, names, unlocked, chosen)


def _empty(text: str) -> str:
    return f"<p class='muted'>{escape(text)}</p>"
