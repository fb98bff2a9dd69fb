"""The questions that the bot could not answer, as groups, and the buttons that turn a group into training rows."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import gradio as gr

from verticals.notices import notice
from verticals_customer_service import learning
from verticals_customer_service.desk import Desk
from verticals_customer_service.ui_notices import SHOWN, require


def build_learning(desk: Desk, texts: Mapping[str, str], names: Mapping[str, str], unlocked: gr.State) -> None:
    """Add the groups of open questions, for whoever has unlocked the inbox."""
    groups = gr.State([])
    gr.Markdown(f"### {texts['learning']}")
    with gr.Row():
        shown = gr.Radio([], label=texts["groups"], scale=3)
        with gr.Column(scale=2, min_width=280):
            intent = gr.Dropdown(
                [(label, value) for value, label in names.items()], label=texts["right_intent"], value=None
            )
            with gr.Row():
                teach = gr.Button(texts["teach"], variant="primary", size="sm")
                aside = gr.Button(texts["set_aside"], size="sm")
            refresh = gr.Button(texts["refresh"], size="sm")
            done = gr.Markdown()
    load = partial(load_groups, desk, texts, names)
    for event in (refresh.click, unlocked.change):
        event(load, unlocked, [groups, shown], api_visibility="private")
    shown.input(partial(suggested, names), [groups, shown], intent, api_visibility="private")
    for button, lesson in ((teach, partial(teach_group, desk, texts)), (aside, partial(set_group_aside, desk, texts))):
        button.click(lesson, [unlocked, groups, shown, intent], done, api_visibility="private").success(
            load, unlocked, [groups, shown], api_visibility="private"
        )


def load_groups(
    desk: Desk, texts: Mapping[str, str], names: Mapping[str, str], unlocked: bool
) -> tuple[list[learning.Group], gr.Radio]:
    """Return the groups of open questions, and a choice of them."""
    require(unlocked, texts)
    groups = learning.group(learning.open_questions(desk.engine))
    choices = [
        (
            texts["group"].format(
                count=len(each.questions),
                text=each.questions[0].text[:SHOWN],
                intent=names.get(each.suggested, each.suggested),
            ),
            number,
        )
        for number, each in enumerate(groups)
    ]
    label = texts["groups"] if groups else texts["no_groups"]
    return groups, gr.Radio(choices, value=None, label=label)


def teach_group(
    desk: Desk,
    texts: Mapping[str, str],
    unlocked: bool,
    groups: Sequence[learning.Group],
    chosen: int | None,
    intent: str | None,
) -> str:
    """Turn a group into training rows; return what to do with them.

    Raises:
        gr.Error: no group or no intent is chosen, or its questions were deleted meanwhile.
    """
    numbers = _messages(texts, unlocked, groups, chosen)
    if intent is None:
        raise notice(texts, texts["choose_intent"])
    known = desk.bot.knowledge.intents
    try:
        rows = learning.teach(desk.engine, numbers, intent, known, desk.learned, datetime.now(UTC))
    except learning.UnknownMessage as error:
        raise notice(texts, texts["group_gone"]) from error
    return texts["taught"].format(file=desk.learned, rows=rows)


def set_group_aside(
    desk: Desk,
    texts: Mapping[str, str],
    unlocked: bool,
    groups: Sequence[learning.Group],
    chosen: int | None,
    intent: str | None,
) -> str:
    """Settle a group as nothing to learn from, whatever intent is shown."""
    numbers = _messages(texts, unlocked, groups, chosen)
    try:
        learning.set_aside(desk.engine, numbers, desk.learned, datetime.now(UTC))
    except learning.UnknownMessage as error:
        raise notice(texts, texts["group_gone"]) from error
    return ""


def _messages(
    texts: Mapping[str, str], unlocked: bool, groups: Sequence[learning.Group], chosen: int | None
) -> list[int]:
    require(unlocked, texts)
    if chosen is None or chosen >= len(groups):
        raise notice(texts, texts["choose_group"])
    return [question.message for question in groups[chosen].questions]


def suggested(names: Mapping[str, str], groups: Sequence[learning.Group], chosen: int | None) -> Any:  # noqa: ANN401 - an intent, none, or gradio's "as it is"
    """Return the intent that a group suggests; none where it was an earlier bot's and this one does not have it."""
    if chosen is None or chosen >= len(groups):
        return gr.skip()
    return groups[chosen].suggested if groups[chosen].suggested in names else None
