"""The tab that shows two models' lists for the same person, with their reasons."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from verticals_recommender import markup
from verticals_recommender.pages.view import View, in_turn
from verticals_recommender.serving import Rules

SHELF = 10


@dataclass(frozen=True)
class CompareTab:
    """Handlers of the tab."""

    view: View

    def build(self, page: gr.Blocks) -> None:
        """Add the tab to the open Gradio context."""
        texts, served = self.view.texts, self.view.opened.record["served"]
        names = list(self.view.models(self.view.state))
        choices = [(texts["served"].format(name=name) if name == served else name, name) for name in names]
        with gr.Row():
            person = gr.Dropdown([], label=texts["person"], allow_custom_value=True, min_width=220)
            first = gr.Dropdown(choices, value=served, label=texts["first_model"], min_width=180)
            second = gr.Dropdown(choices, value=names[1], label=texts["second_model"], min_width=180)
        lists = gr.HTML()
        quiet = in_turn("compare")
        chosen = [person, first, second]
        page.load(self.open, None, [person], api_visibility="private").then(self.show, chosen, [lists], **quiet)
        gr.on([control.input for control in chosen], self.show, chosen, [lists], trigger_mode="always_last", **quiet)

    def open(self) -> dict[str, Any]:
        """Fill the people in when the page is opened."""
        people = self.view.people()
        return gr.update(choices=people, value=people[0] if people else None)

    def show(self, person: str | None, first: str, second: str) -> str:
        """Return both lists; what is on both is marked."""
        texts, state = self.view.texts, self.view.state
        with self.view.told():
            profile = self.view.profile(state, person or "")
        models, rules = self.view.models(state), Rules(count=SHELF)
        found = {name: self.view.listed(state, models[name], profile, rules) for name in (first, second)}
        both = {each.item for each in found[first]} & {each.item for each in found[second]}
        drawn = []
        for name in (first, second):
            whys = self.view.whys(state, models[name], found[name])
            marked = [first != second and each.item in both for each in found[name]]
            items = [state.catalogue.items[each.item] for each in found[name]]
            drawn.append(markup.ranked(zip(items, whys, marked, strict=True), name))
        same = texts["same"].format(count=len(both), total=len(found[first]))
        return f"<p class='muted' role='status'>{markup.escape(same)}</p>{markup.pair(*drawn)}"
