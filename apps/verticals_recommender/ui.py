"""The recommender's page: a person, somebody new, models side by side, one item, the evaluation; for a shop and for news."""

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from verticals.vertical import LANGUAGES
from verticals_recommender import markup
from verticals_recommender.opening import Opened
from verticals_recommender.pages import evaluation
from verticals_recommender.pages.compare import CompareTab
from verticals_recommender.pages.item import ItemTab
from verticals_recommender.pages.newcomer import NewcomerTab
from verticals_recommender.pages.person import PersonTab
from verticals_recommender.pages.view import View


def build_pages(served: Sequence[Opened]) -> Mapping[str, gr.Blocks]:
    """Return the page in each language.

    Args:
        served: the recommenders that the page shows, one of each skin; the first is shown first.
    """
    return {language: build_ui([View(opened, language) for opened in served]) for language in LANGUAGES}


def build_ui(views: Sequence[View]) -> gr.Blocks:
    """Return the page in one language."""
    texts = views[0].texts
    page = gr.Blocks(title=texts["title"], analytics_enabled=False)
    with page:
        gr.HTML(f"<div class='top'><h1>{texts['title']}</h1><nav>{texts['switch']}</nav></div>")
        if len(views) > 1:
            names = [view.opened.skin.name for view in views]
            skin = gr.Radio(
                [(texts[f"skin_{name}"], name) for name in names],
                value=names[0],
                label=texts["skin"],
                show_label=False,
                container=False,
                elem_classes=["skin"],
            )
        sites = []
        for number, view in enumerate(views):
            with gr.Column(visible=number == 0) as site:
                _build_site(page, view)
            sites.append(site)
        if len(views) > 1:
            skin.change(_chosen(names), skin, sites, api_visibility="private", show_progress="hidden")
    return page


def _build_site(page: gr.Blocks, view: View) -> None:
    texts = view.texts
    lead = texts["lead"].format(about=texts["invented"] if view.shipped else texts["own"].format(data=view.opened.data))
    gr.HTML(f"<p class='muted'>{markup.escape(lead)}</p>")
    with gr.Tab(texts["tab_person"]):
        PersonTab(view).build(page)
    with gr.Tab(texts["tab_newcomer"]):
        NewcomerTab(view).build(page)
    with gr.Tab(texts["tab_compare"]):
        CompareTab(view).build(page)
    with gr.Tab(texts["tab_item"]):
        ItemTab(view).build(page)
    with gr.Tab(texts["tab_evaluation"]):
        evaluation.build(view)


def _chosen(names: Sequence[str]) -> Any:  # noqa: ANN401 - a handler, as Gradio takes it
    def show(name: str) -> list[dict[str, Any]]:
        return [gr.update(visible=each == name) for each in names]

    return show
