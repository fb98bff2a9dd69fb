"""What the tab of the conversation shows; `ui` connects it."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from verticals.runs import Run
from verticals_customer_service import data
from verticals_customer_service.conversations import State
from verticals_customer_service.dialogue import Bot
from verticals_customer_service.wording import SAMPLE_MESSAGES

Messages = list[Any]  # {"role": ..., "content": ...}; gradio names the type only in a private module
_MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Chat:
    """The components of the tab: the conversation, the box with its buttons, and how the last message was read."""

    messages: gr.Chatbot
    status: gr.HTML
    box: gr.Textbox
    send: gr.Button
    person: gr.Button
    again: gr.Button
    panel: gr.HTML
    meant: gr.Dropdown
    correct: gr.Button


def lay_out(bot: Bot, run: Run, texts: Mapping[str, str], names: Mapping[str, str], panel: str) -> Chat:
    """Add the components to the open Gradio context; `panel` is what stands beside the chat at first."""
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            messages = gr.Chatbot(
                opening(bot),
                label=texts["chat"],
                show_label=False,
                height=440,
                allow_tags=False,
                latex_delimiters=[],
                buttons=[],
            )
            status = gr.HTML(state_html(texts, "bot"))
            with gr.Row():
                box = gr.Textbox(
                    label=texts["message"],
                    placeholder=texts[f"placeholder_{bot.knowledge.language}"],
                    lines=1,
                    max_lines=4,
                    scale=5,
                    autofocus=True,
                )
                send = gr.Button(texts["send"], variant="primary", scale=1, min_width=90)
            examples = SAMPLE_MESSAGES if data.from_samples(run) else bot.knowledge.questions(_MOST_EXAMPLES)
            if examples:
                gr.Examples([[example] for example in examples], box, label=texts["examples"])
            with gr.Row():
                person = gr.Button(texts["person"], variant="secondary", size="sm")
                again = gr.Button(texts["again"], variant="secondary", size="sm")
        with gr.Column(scale=2, min_width=320):
            gr.Markdown(f"### {texts['panel']}")
            read = gr.HTML(panel)
            with gr.Row():
                meant = gr.Dropdown(
                    [(shown, intent) for intent, shown in names.items()], label=texts["what_meant"], value=None
                )
                correct = gr.Button(texts["correct"], size="sm")
    return Chat(messages, status, box, send, person, again, read, meant, correct)


def state_html(texts: Mapping[str, str], state: State) -> str:
    """Return the line that says who has the conversation."""
    kind = "muted" if state in ("bot", "resolved") else "notice"
    return f"<p class='{kind} state' role='status'>{escape(texts[f'state_{state}'])}</p>"


def opening(bot: Bot) -> Messages:
    """Return what stands in the chat before the first message."""
    return [{"role": "assistant", "content": bot.voice.greeting}]


def empty_panel(bot: Bot, run: Run, texts: Mapping[str, str]) -> str:
    """Return what stands beside the chat before the first message: the model and how sure it has to be."""
    record: dict[str, Any] = run.metrics
    model = texts["model"].format(
        method=run.config.method.name,
        backbone=run.config.backbone.name,
        accuracy=record["metrics"]["accuracy"]["value"],
        test=record["rows"]["test"],
        least=bot.predictor.calibration.min_confidence,
    )
    return f"<p>{escape(texts['panel_empty'])}</p><p class='muted'>{escape(model)}</p>"
