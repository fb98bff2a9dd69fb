"""The bot's page: the conversation, what the bot understood beside it, and the evaluation."""

from collections.abc import Mapping
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from verticals.evaluation.page import build_evaluation
from verticals.runs import Run
from verticals.vertical import LANGUAGES
from verticals_customer_service import policy
from verticals_customer_service.api import LONGEST_MESSAGE
from verticals_customer_service.dialogue import GREETING, Bot, Conversation, Turn
from verticals_customer_service.ui_policy import build_policy
from verticals_customer_service.wording import EXAMPLES, TEXTS

Messages = list[Any]  # {"role": ..., "content": ...}; gradio names the type only in a private module


def build_pages(bot: Bot, run: Run) -> Mapping[str, gr.Blocks]:
    """Return the page in each language."""
    return {language: build_ui(bot, run, language) for language in LANGUAGES}


def build_ui(bot: Bot, run: Run, language: str) -> gr.Blocks:
    """Return the page in one language."""
    texts = TEXTS[language]
    names = {intent: bot.knowledge.name(intent, language) for intent in bot.knowledge.intents}
    page = gr.Blocks(title=texts["title"], analytics_enabled=False)
    with page:
        gr.HTML(
            f"<div class='top'><h1>{texts['title']}</h1><nav>{texts['switch']}</nav></div><p class='muted'>{texts['lead']}</p>"
        )
        with gr.Tab(texts["tab_chat"]):
            _build_chat(bot, run, texts, names)
        with gr.Tab(texts["tab_evaluation"]):
            build_evaluation(run.metrics, run.config.method.name, names, language)
            handing_over = policy.read(run.folder)
            if handing_over:
                build_policy(handing_over, run.metrics, language)
    return page


def _build_chat(bot: Bot, run: Run, texts: Mapping[str, str], names: Mapping[str, str]) -> None:
    conversation = gr.State(Conversation())
    empty_panel = _empty_panel(run, texts)
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            chat = gr.Chatbot(
                _opening(),
                label=texts["chat"],
                show_label=False,
                height=440,
                allow_tags=False,
                feedback_options=None,
                buttons=[],
            )
            with gr.Row():
                message = gr.Textbox(
                    label=texts["message"],
                    placeholder=texts["placeholder"],
                    lines=1,
                    max_lines=4,
                    scale=5,
                    autofocus=True,
                )
                send = gr.Button(texts["send"], variant="primary", scale=1, min_width=90)
            gr.Examples([[example] for example in EXAMPLES], message, label=texts["examples"])
            again = gr.Button(texts["again"], variant="secondary", size="sm")
        with gr.Column(scale=2, min_width=320):
            gr.Markdown(f"### {texts['panel']}")
            panel = gr.HTML(empty_panel)
    answer = partial(respond, bot, texts, names)
    for event in (message.submit, send.click):
        event(answer, [message, chat, conversation], [message, chat, conversation, panel], api_visibility="private")
    for event in (again.click, chat.clear):
        event(
            lambda: (_opening(), Conversation(), empty_panel),
            None,
            [chat, conversation, panel],
            api_visibility="private",
        )


def respond(
    bot: Bot,
    texts: Mapping[str, str],
    names: Mapping[str, str],
    message: str,
    chat: Messages,
    conversation: Conversation,
) -> tuple[str, Messages, Conversation, str]:
    """Answer one message: cleared box, longer chat, conversation, panel.

    Raises:
        gr.Error: the message is empty or too long; the page shows it as a notice.
    """
    written = message.strip()
    if not written:
        raise gr.Error(texts["empty"], duration=4, print_exception=False)
    if len(written) > LONGEST_MESSAGE:
        raise gr.Error(texts["too_long"].format(found=len(written), most=LONGEST_MESSAGE), print_exception=False)
    after, turn = bot.turn(conversation, written)
    shown = [
        *chat,
        {"role": "user", "content": escape(written, quote=False)},
        {"role": "assistant", "content": turn.reply},
    ]
    return "", shown, after, turn_html(turn, texts, names)


def _opening() -> Messages:
    return [{"role": "assistant", "content": GREETING}]


def _empty_panel(run: Run, texts: Mapping[str, str]) -> str:
    record: dict[str, Any] = run.metrics
    model = texts["model"].format(
        method=run.config.method.name,
        backbone=run.config.backbone.name,
        accuracy=record["metrics"]["accuracy"]["value"],
        test=record["rows"]["test"],
        least=record["calibration"]["min_confidence"],
    )
    return f"<p>{escape(texts['panel_empty'])}</p><p class='muted'>{escape(model)}</p>"


def turn_html(turn: Turn, texts: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Show a turn: action, intent, confidence, alternatives, source, and how long it took."""
    alternatives = "".join(_bar(names[each.intent], each.confidence) for each in turn.alternatives)
    sources = "".join(
        f"<div class='source'><b>{escape(source.title)}</b><br>{escape(source.text).replace(chr(10), '<br>')}</div>"
        for source in turn.sources
    )
    handed_over = f"<p class='notice'>{texts['handed_over']}</p>" if turn.action == "hand_over" else ""
    return (
        f"<p><span class='chip {turn.action}'>{texts[turn.action]}</span> "
        f"<span class='muted'>{texts['latency'].format(latency=turn.latency_ms)}</span></p>{handed_over}"
        f"<p class='label'>{texts['intent']} · {texts['confidence']}</p>{_bar(names[turn.intent], turn.confidence)}"
        f"{_entities(turn, texts)}"
        f"<p class='label'>{texts['alternatives']}</p>{alternatives}"
        f"<p class='label'>{texts['source']}</p>{sources or texts['no_source']}"
    )


def _entities(turn: Turn, texts: Mapping[str, str]) -> str:
    """Return what the message names, each with its kind; nothing where it names nothing."""
    named = "".join(
        f"<span class='chip'>{texts[each.kind]}: {escape(each.value or each.text)}</span> " for each in turn.entities
    )
    return f"<p class='label'>{texts['entities']}</p><p>{named}</p>" if named else ""


def _bar(name: str, share: float) -> str:
    return (
        f"<div class='row'><span>{escape(name)}</span><span>{share:.0%}</span></div>"
        f"<div class='bar' role='img' aria-label='{escape(name)} {share:.0%}'><i style='width:{share:.1%}'></i></div>"
    )
