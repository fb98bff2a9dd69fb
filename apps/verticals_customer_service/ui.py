"""The bot's page: the conversation, what the bot understood beside it, the agents' inbox, and the evaluation."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from html import escape
from types import MappingProxyType
from typing import Any

import gradio as gr

from verticals.evaluation.page import build_evaluation
from verticals.notices import notice
from verticals.runs import Run
from verticals.vertical import LANGUAGES
from verticals_customer_service import conversations, data, inbox, learning, policy
from verticals_customer_service.conversations import ConversationError, Empty, TooLong, TooMany
from verticals_customer_service.desk import Desk
from verticals_customer_service.safety import inert
from verticals_customer_service.ui_chat import Messages, empty_panel, lay_out, opening, state_html
from verticals_customer_service.ui_inbox import build_inbox
from verticals_customer_service.ui_notices import excused
from verticals_customer_service.ui_policy import build_policy
from verticals_customer_service.ui_sending import GIVEN_BACK, SENT_BY_CUSTOMER
from verticals_customer_service.ui_turn import turn_html
from verticals_customer_service.wording import TEXTS

Seen = tuple[int, str]  # number of the last message on the page, and the state that it shows
_POLL_SECONDS = 3.0
_KEPT = "customer-service"  # under which the browser keeps the name of its conversation
_IN_TURN = "conversation"  # what changes which conversation a page has, one after another: the last click counts


def build_pages(desk: Desk, run: Run, key: str) -> Mapping[str, gr.Blocks]:
    """Return the page in each language; `key` opens the agents' part of it."""
    return {language: build_ui(desk, run, key, language) for language in LANGUAGES}


def build_ui(desk: Desk, run: Run, key: str, language: str) -> gr.Blocks:
    """Return the page in one language."""
    texts, known = TEXTS[language], desk.bot.knowledge
    names = {intent: known.name(intent, language) for intent in known.intents}
    lead = texts["lead_samples"] if data.from_samples(run) else texts["lead"].format(data=run.manifest["data"]["name"])
    page = gr.Blocks(title=texts["title"], analytics_enabled=False)
    with page:
        gr.HTML(
            f"<div class='top'><h1>{texts['title']}</h1><nav>{texts['switch']}</nav></div><p class='muted'>{escape(lead)}</p>"
        )
        with gr.Tab(texts["tab_chat"]):
            _build_chat(page, desk, run, texts, names)
        with gr.Tab(texts["tab_inbox"]):
            build_inbox(desk, key, texts, names)
        with gr.Tab(texts["tab_evaluation"]):
            build_evaluation(run.metrics, run.config.method.name, names, language)
            handing_over = policy.read(run.folder)
            if handing_over:
                build_policy(handing_over, run.metrics, language)
    return page


def _build_chat(page: gr.Blocks, desk: Desk, run: Run, texts: Mapping[str, str], names: Mapping[str, str]) -> None:
    name, seen = gr.State(None), gr.State((0, ""))
    kept = gr.BrowserState([None], storage_key=_KEPT, secret=_KEPT)  # a list: Gradio never writes None over a name
    sent = gr.Textbox(visible=False)
    nothing_read = empty_panel(desk.bot, run, texts)
    chat = lay_out(desk.bot, run, texts, names, nothing_read)
    timer = gr.Timer(_POLL_SECONDS, active=False)
    view = [chat.messages, chat.status, seen]
    excuse = excused(texts)
    answer = excuse(partial(respond, desk, texts, names))
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    written = gr.on(
        [chat.box.submit, chat.send.click],
        None,
        [chat.box, chat.messages],
        [chat.box, sent, chat.messages],
        js=SENT_BY_CUSTOMER,
    )
    answered = written.then(
        answer,
        [sent, name],
        [name, chat.panel, timer, *view],
        trigger_mode="multiple",
        show_progress_on=chat.messages,
        api_visibility="private",
        concurrency_id=_IN_TURN,
    )
    answered.failure(None, [chat.box, sent], chat.box, js=GIVEN_BACK)
    answered.failure(excuse(partial(view_of, desk, texts)), name, view, **quiet)
    back = excuse(partial(come_back, desk, texts))
    page.load(back, kept, [name, timer, *view], concurrency_id=_IN_TURN, **quiet)
    name.change(lambda opened: [opened], name, kept, **quiet)
    asked = excuse(partial(ask, desk, texts))
    chat.person.click(asked, name, [name, timer, *view], api_visibility="private", concurrency_id=_IN_TURN)
    looked = excuse(partial(poll, desk, texts))
    timer.tick(looked, [name, seen], view, **quiet)
    chat.correct.click(
        excuse(partial(correct_last, desk, texts)), [name, chat.meant], chat.meant, api_visibility="private"
    )
    chat.messages.like(excuse(_rating(desk, texts)), name, None, api_visibility="private")
    for event in (chat.again.click, chat.messages.clear):
        event(
            lambda: (None, nothing_read, gr.Timer(active=False), *view_of(desk, texts, None)),
            None,
            [name, chat.panel, timer, *view],
            api_visibility="private",
            concurrency_id=_IN_TURN,
        )


def come_back(desk: Desk, texts: Mapping[str, str], kept: list[str | None]) -> Any:  # noqa: ANN401 - or gradio's "nothing new"
    """Return what `ask` does for the conversation that this browser had when the page was left, if it still exists."""
    (name,) = kept
    try:
        return (name, gr.Timer(active=True), *view_of(desk, texts, name)) if name else gr.skip()
    except ConversationError:
        return gr.skip()


def respond(desk: Desk, texts: Mapping[str, str], names: Mapping[str, str], message: str, name: str | None) -> Any:  # noqa: ANN401 - or gradio's "nothing new"
    """Answer one message: conversation, panel, running timer, chat, state, what is seen; a click without words changes nothing.

    Raises:
        gr.Error: the message is empty, too long, or one too many; the page shows it as a notice.
    """
    if not message:
        return gr.skip()
    try:
        answer = desk.turn(name, message, datetime.now(UTC))
    except Empty as error:
        raise notice(texts, texts["empty"]) from error
    except TooLong as error:
        found = texts["too_long"].format(found=len(message), most=desk.limits.characters)
        raise notice(texts, found) from error
    except TooMany as error:
        raise notice(texts, texts["too_many"]) from error
    panel = turn_html(answer.turn, texts, names) if answer.turn else f"<p class='muted'>{escape(texts['silent'])}</p>"
    said = {answer.message: answer.turn.reply} if answer.message and answer.turn else {}
    return answer.conversation, panel, gr.Timer(active=True), *view_of(desk, texts, answer.conversation, said)


def ask(desk: Desk, texts: Mapping[str, str], name: str | None) -> tuple[str, gr.Timer, Messages, str, Seen]:
    """Ask for a person, before the first message too: conversation, running timer, chat, state, what is seen."""
    now = datetime.now(UTC)
    opened = name or conversations.start(desk.engine, now)
    conversations.ask_for_person(desk.engine, opened, now)
    return opened, gr.Timer(active=True), *view_of(desk, texts, opened)


def poll(desk: Desk, texts: Mapping[str, str], name: str | None, seen: Seen) -> Any:  # noqa: ANN401 - or gradio's "nothing new"
    """Return what `view_of` does where an agent wrote or the state changed, else leave the page as it is."""
    if name is None:
        return gr.skip()
    state, new = inbox.transcript(desk.engine, name, seen[0])
    return view_of(desk, texts, name) if new or state != seen[1] else gr.skip()


def view_of(
    desk: Desk, texts: Mapping[str, str], name: str | None, said: Mapping[int, str] = MappingProxyType({})
) -> tuple[Messages, str, Seen]:
    """Return the chat, the line about who has the conversation, and what of it is on the page; every text is inert.

    Before the first message there is only the greeting. Messages are as they were stored, redacted, but for those that `said` has in
    plain words, by their numbers.
    """
    state, messages = inbox.transcript(desk.engine, name) if name else ("bot", [])
    shown = [
        {
            "role": "user" if each.sender == "customer" else "assistant",
            "content": inert(
                texts["from_agent"] + each.text if each.sender == "agent" else said.get(each.id, each.text)
            ),
        }
        for each in messages
    ]
    return [*opening(desk.bot), *shown], state_html(texts, state), (messages[-1].id if messages else 0, state)


def correct_last(desk: Desk, texts: Mapping[str, str], name: str | None, intent: str | None) -> None:
    """Store what the customer really meant with the message before the bot's last reply."""
    replies = [each.id for each in inbox.transcript(desk.engine, name)[1] if each.sender == "bot"] if name else []
    if name and intent and replies:
        learning.correct(desk.engine, name, replies[-1], intent, datetime.now(UTC))
        gr.Info(texts["thanks"], title=texts["noted"], duration=4)


def _rating(desk: Desk, texts: Mapping[str, str]) -> Callable[[str | None, gr.LikeData], None]:
    def rate(name: str | None, given: gr.LikeData) -> None:
        """Store a thumb; the greeting, and what an agent wrote, cannot be rated."""
        messages = inbox.transcript(desk.engine, name)[1] if name else []
        position = int(given.index if isinstance(given.index, int) else given.index[0]) - len(opening(desk.bot))
        if name and 0 <= position < len(messages) and messages[position].sender == "bot":
            thumb: learning.Thumb = "up" if given.liked is True or given.liked == "Like" else "down"
            learning.rate(desk.engine, name, messages[position].id, thumb, datetime.now(UTC))
            gr.Info(texts["thanks"], title=texts["noted"], duration=4)

    return rate
