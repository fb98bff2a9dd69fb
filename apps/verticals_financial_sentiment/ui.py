"""The monitor's page: what the mood is, what is abnormal, what was said, and how far the judge can be trusted.

The page asks every few seconds, and only what has changed is sent and drawn again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from verticals.errors import DataError, StorageError
from verticals.evaluation.page import build_evaluation
from verticals.notices import notice
from verticals.runs import Run
from verticals.vertical import LANGUAGES
from verticals_financial_sentiment import alerts, drawing, overview
from verticals_financial_sentiment.desk import Desk
from verticals_financial_sentiment.drawing import View
from verticals_financial_sentiment.player import LIVE_SPEED
from verticals_financial_sentiment.symbols import Symbol
from verticals_financial_sentiment.wording import TEXTS

_SECONDS = 3.0  # between two looks at whether something has changed
_PACES: Final = (0.0, 1.0, 60.0, 600.0, 1_000.0)
_FASTEST: Final = -1.0  # how the page writes "as fast as possible", which is None to the player
SHOWN = ("status", "speed", "tiles", "company", "figure", "stories", "feed", "budget", "items")
_CLICK = """element.addEventListener('click', event => {
  const button = event.target.closest('[data-id]');
  if (button) trigger('select', {index: 0, value: button.dataset.id});
});"""
_POINT = """setInterval(() => document.querySelectorAll('.js-plotly-plot').forEach(plot => {
  if (plot.heard) return;
  plot.heard = true;
  plot.on('plotly_click', event => {
    const alert = event.points.map(point => point.customdata).find(Boolean);
    if (alert) trigger('select', {index: 0, value: alert});
  });
}), 500);"""  # a plot is made anew when another company is drawn


@dataclass(frozen=True)
class Controls:
    """The components that are drawn again, and what the visitor has chosen."""

    drawn: gr.State
    alert: gr.State
    headline: gr.State
    status: gr.HTML
    speed: gr.Radio
    tiles: gr.HTML
    company: gr.Dropdown
    figure: gr.Plot
    stories: gr.HTML
    feed: gr.HTML
    budget: gr.HTML
    about: gr.Dropdown
    items: gr.HTML

    @property
    def chosen(self) -> list[gr.State | gr.Dropdown]:
        """What `refresh` is given."""
        return [self.drawn, self.company, self.alert, self.about, self.headline]

    @property
    def shown(self) -> list[Any]:
        """What `refresh` returns."""
        return [
            *(self.drawn, self.status, self.speed, self.tiles, self.company),
            *(self.figure, self.stories, self.feed, self.budget, self.items),
        ]


def build_pages(desk: Desk, symbols: Sequence[Symbol], run: Run) -> Mapping[str, gr.Blocks]:
    """Return the page in each language."""
    return {language: build_ui(View(desk, tuple(symbols), language, TEXTS[language]), run) for language in LANGUAGES}


def build_ui(view: View, run: Run) -> gr.Blocks:
    """Return the page in one language."""
    texts = view.texts
    page = gr.Blocks(title=texts["title"], analytics_enabled=False)
    with page:
        lead = f"{texts['lead']} {texts['invented']}" if view.desk.settings.demo else texts["lead"]
        gr.HTML(
            f"<div class='top'><h1>{texts['title']}</h1><nav>{texts['switch']}</nav></div><p class='muted'>{lead}</p>"
        )
        status, alert, headline = gr.HTML(drawing.status(view)), gr.State(""), gr.State("")
        with gr.Tab(texts["tab_mood"]):
            speed = _build_replay(view)
            tiles, company, figure, stories = _build_mood(view)
        with gr.Tab(texts["tab_alerts"]):
            feed, budget, alert_side = _build_alerts(view)
        with gr.Tab(texts["tab_headlines"]):
            about, items, headline_side = _build_headlines(view)
        with gr.Tab(texts["tab_evaluation"]):
            names = {name: texts[name] for name in ("positive", "neutral", "negative")}
            build_evaluation(run.metrics, run.config.method.name, names, view.language)
        controls = Controls(
            *(gr.State({}), alert, headline, status, speed, tiles, company),
            *(figure, stories, feed, budget, about, items),
        )
        _connect(page, view, controls)
        _connect_alerts(view, controls, alert_side)
        _connect_headlines(view, controls, headline_side)
    return page


def _build_replay(view: View) -> gr.Radio:
    texts, desk = view.texts, view.desk
    names = {0.0: texts["pause"], _FASTEST: texts["fastest"]}
    choices = [(names.get(pace, f"×{pace:.0f}"), pace) for pace in (*_PACES, _FASTEST)]
    with gr.Row(visible=desk.settings.recorded):
        speed = gr.Radio(choices, value=LIVE_SPEED, label=texts["speed"], scale=5)
        again = gr.Button(texts["again"], size="sm", scale=1, min_width=120, visible=desk.settings.demo)

    def set_pace(chosen: float) -> None:
        desk.pace.speed = None if chosen == _FASTEST else chosen

    speed.input(set_pace, speed, None, api_visibility="private", show_progress="hidden")
    again.click(desk.play_again, None, None, api_visibility="private")
    return speed


def _build_mood(view: View) -> tuple[gr.HTML, gr.Dropdown, gr.Plot, gr.HTML]:
    texts = view.texts
    gr.Markdown(f"### {texts['most']}")
    tiles = gr.HTML(f"<p class='muted'>{texts['loading']}</p>", js_on_load=_CLICK)
    company = gr.Dropdown(_companies(view), value=None, label=texts["company"])
    gr.Markdown(f"### {texts['timeline']}")
    figure = gr.Plot(show_label=False)
    picked = gr.HTML(f"<p class='muted'>{texts['choose_point']}</p>", js_on_load=_POINT)

    def show(event: gr.SelectData) -> str:
        return drawing.alert(view, str(event.value))

    picked.select(show, None, picked, trigger_mode="multiple", api_visibility="private", show_progress="hidden")
    gr.Markdown(f"### {texts['stories']}")
    return tiles, company, figure, gr.HTML(f"<p class='muted'>{texts['no_stories']}</p>")


def _build_alerts(view: View) -> tuple[gr.HTML, gr.HTML, tuple[gr.HTML, gr.Row, list[gr.Button]]]:
    texts = view.texts
    budget = gr.HTML()
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            feed = gr.HTML(f"<p class='muted'>{texts['no_alerts']}</p>", js_on_load=_CLICK, max_height=720)
        with gr.Column(scale=2, min_width=320):
            detail = gr.HTML(f"<p class='muted'>{texts['choose_alert']}</p>")
            with gr.Row(visible=False) as row:
                buttons = [
                    gr.Button(texts["acknowledge"], variant="primary", size="md", min_width=100),
                    gr.Button(texts["mute"], size="md", min_width=100),
                    gr.Button(texts["false"], size="md", min_width=100),
                ]
    return feed, budget, (detail, row, buttons)


def _build_headlines(view: View) -> tuple[gr.Dropdown, gr.HTML, gr.HTML]:
    texts = view.texts
    about = gr.Dropdown([(texts["all"], ""), *_companies(view)], value="", label=texts["company"])
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            items = gr.HTML(f"<p class='muted'>{texts['no_headlines']}</p>", js_on_load=_CLICK, max_height=640)
        with gr.Column(scale=2, min_width=320):
            detail = gr.HTML(f"<p class='muted'>{texts['choose_headline']}</p>")
    return about, items, detail


def _companies(view: View) -> list[tuple[str, str]]:
    """Return what can be chosen: the listed companies, then those that were talked about and are listed no longer."""
    listed = sorted((f"{symbol.name} ({symbol.ticker})", symbol.ticker) for symbol in view.symbols)
    return listed + [(ticker, ticker) for ticker in overview.tickers(view.desk.store) if ticker not in view.names]


def _connect(page: gr.Blocks, view: View, controls: Controls) -> None:
    def refresh(drawn: dict[str, Any], company: str | None, alert: str, about: str, headline: str) -> list[Any]:
        return updates(view, drawn, company or "", alert, about, headline)

    def choose(event: gr.SelectData) -> str:
        return str(event.value)

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    asked = (refresh, controls.chosen, controls.shown)
    for listen in (page.load, gr.Timer(_SECONDS).tick, controls.company.change, controls.about.change):
        listen(*asked, **quiet)
    controls.tiles.select(choose, None, controls.company, trigger_mode="multiple", **quiet)
    controls.alert.change(*asked, **quiet)
    controls.headline.change(*asked, **quiet)


def updates(view: View, drawn: Mapping[str, Any], company: str, alert: str, about: str, headline: str) -> list[Any]:
    """Return what is drawn from now on, then for each component of `Controls.shown` its value, or nothing to change."""
    desk = view.desk
    speed = _FASTEST if desk.pace.speed is None else desk.pace.speed
    now: dict[str, Any] = {"status": drawing.status(view), "speed": speed}
    seen = drawn.get("seen")
    try:
        wanted = (desk.store.steps(), company, alert, about, headline)
        if seen != wanted:
            now |= drawing.parts(view, company, alert, about, headline)
            seen = wanted
    except StorageError as error:
        now["status"] = drawing.problem(view, str(error))
    changed = {name for name, value in now.items() if name not in drawn or drawn[name] != value}
    values = {**now, "figure": drawing.figure(view, now["figure"][0])} if "figure" in changed else now
    shown = [values[name] if name in changed else gr.skip() for name in SHOWN]
    return [{**drawn, **now, "seen": seen} if changed else gr.skip(), *shown]


def _connect_alerts(view: View, controls: Controls, side: tuple[gr.HTML, gr.Row, list[gr.Button]]) -> None:
    detail, row, buttons = side
    texts, desk = view.texts, view.desk

    def show(event: gr.SelectData) -> tuple[str, str, Any]:
        return str(event.value), drawing.alert(view, str(event.value)), gr.Row(visible=True)

    def answer(given: alerts.Answer) -> Callable[[str], str]:
        def take(name: str) -> str:
            try:
                row = desk.store.alert(name)
                feedback = desk.answer(name, given)
            except DataError as error:
                raise notice(texts, texts["gone"]) from error
            gr.Info(drawing.noted(view, row["ticker"], given, feedback), title=texts["noted"], duration=5)
            return drawing.alert(view, name)

        return take

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "multiple"}
    controls.feed.select(show, None, [controls.alert, detail, row], **quiet)
    given: tuple[alerts.Answer, ...] = ("acknowledge", "mute", "false alarm")
    for button, each in zip(buttons, given, strict=True):
        button.click(answer(each), controls.alert, detail, api_visibility="private")


def _connect_headlines(view: View, controls: Controls, detail: gr.HTML) -> None:
    def show(event: gr.SelectData) -> tuple[str, str]:
        return str(event.value), drawing.headline(view, str(event.value))

    shown = [controls.headline, detail]
    controls.items.select(show, None, shown, trigger_mode="multiple", api_visibility="private")
