"""The tab of one item: what it is, its neighbours by behaviour and by text, and the list of a person without it."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from verticals_recommender import markup
from verticals_recommender.explanations import counterfactual, reasons
from verticals_recommender.models import item_knn
from verticals_recommender.models.model import neighbours
from verticals_recommender.pages.view import View, in_turn
from verticals_recommender.serving import Rules
from verticals_recommender.state import State

_NEIGHBOURS, _SHELF, _HISTORY = 8, 10, 30


@dataclass(frozen=True)
class ItemTab:
    """Handlers of the tab."""

    view: View

    def build(self, page: gr.Blocks) -> None:
        """Add the tab to the open Gradio context."""
        texts = self.view.texts
        quiet: dict[str, Any] = {**in_turn("item"), "trigger_mode": "always_last"}
        item = gr.Dropdown([], label=texts["item"])
        shown = gr.HTML()
        gr.HTML(
            f"<h3>{markup.escape(texts['without'])}</h3><p class='muted'>{markup.escape(texts['without_lead'])}</p>"
        )
        with gr.Row():
            person = gr.Dropdown([], label=texts["person"], allow_custom_value=True, min_width=220)
            left_out = gr.Dropdown([], label=texts["left_out"], min_width=220)
        change = gr.HTML()
        opened = page.load(self.open, None, [item, person], api_visibility="private")
        opened.then(self.show, [item], [shown], **quiet)
        opened.then(self.past, [person], [left_out], **quiet).then(self.without, [person, left_out], [change], **quiet)
        item.input(self.show, [item], [shown], **quiet)
        person.input(self.past, [person], [left_out], **quiet).then(self.without, [person, left_out], [change], **quiet)
        left_out.input(self.without, [person, left_out], [change], **quiet)

    def open(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Fill items and people in when the page is opened."""
        items, people, state = self.view.choices(), self.view.people(), self.view.state
        popularity = {name: state.engine.shelf.popularity[place] for name, place in state.catalogue.positions.items()}
        most_popular = max((name for _, name in items), key=lambda name: popularity.get(name, 0), default=None)
        return (
            gr.update(choices=items, value=most_popular),
            gr.update(choices=people, value=people[0] if people else None),
        )

    def show(self, item: str | None) -> str:
        """Return the item's facts and its neighbours."""
        if not item:
            return markup.notice(self.view.texts["no_item"])
        state = self.view.state
        with self.view.told():
            position = state.position(item)
            by_text = self.view.opened.live.similar(state, item, _NEIGHBOURS)
        chosen_together = self.view.models(state)[item_knn.KIND]
        likeness = chosen_together.similar(position)
        near = [each for each in neighbours(chosen_together, position, _NEIGHBOURS) if likeness[each] > 0]
        largest = max((float(likeness[each]) for each in near), default=1.0)
        behaviour = [(state.catalogue.items[each].title, float(likeness[each]) / largest) for each in near]
        read = [(state.catalogue.items[each].title, cosine) for each, cosine in by_text]
        texts = self.view.texts
        return self._facts(state, position) + markup.pair(
            markup.bars(behaviour, texts["by_behaviour"], texts["no_neighbours"]),
            markup.bars(read, texts["by_text"], texts["no_neighbours"]),
        )

    def _facts(self, state: State, position: int) -> str:
        item, shelf = state.catalogue.items[position], state.engine.shelf
        popularity = shelf.popularity[shelf.there]
        texts, now = self.view.texts, self.view.opened.clock()
        fewer = int((popularity < shelf.popularity[position]).sum())
        marks = markup.badges(item, fewer / len(popularity), self.view.opened.skin, now, texts)
        if not item.available:
            marks.append(texts["unavailable"])
        people = texts["chosen_by"].format(
            people=int(shelf.popularity[position]), fewer=fewer, others=len(popularity) - 1
        )
        return (
            f"<h3>{markup.escape(item.title)}</h3><div class='marks'>{markup.chips([*marks, *item.tags])}</div>"
            f"<p class='muted'>{markup.facts(item, self.view.opened.skin, now, texts)}</p>"
            f"<p>{markup.escape(item.description)}</p><p>{markup.escape(people)}</p>"
        )

    def past(self, person: str | None) -> dict[str, Any]:
        """Offer the person's history, newest first; the item that speaks most for the first result is chosen."""
        state = self.view.state
        with self.view.told():
            profile = self.view.profile(state, person or "")
        recent = list(profile.history)[-_HISTORY:]
        first = self.view.listed(state, state.engine.model, profile, Rules(count=1)) if recent else []
        ordered = [reason.item for each in first for reason in reasons(each) if reason.item in recent]
        items = [state.catalogue.items[each] for each in reversed(recent)]
        chosen = state.catalogue.ids[ordered[0]] if ordered else None
        return gr.update(choices=[(item.title, item.id) for item in items], value=chosen)

    def without(self, person: str | None, left_out: str | None) -> str:
        """Return how the person's list changes without one item of the history."""
        texts, state = self.view.texts, self.view.state
        if not person or not left_out:
            return ""
        with self.view.told():
            profile, item = self.view.profile(state, person), state.position(left_out)
        changed = counterfactual(state.engine, profile, item, Rules(count=_SHELF), self.view.opened.clock())
        if not changed.gone and not changed.new:
            return f"<p role='status'>{markup.escape(texts['unchanged'])}</p>"
        sides = ((changed.gone, texts["gone"]), (changed.new, texts["come"]))
        return markup.pair(
            *(
                markup.ranked(((state.catalogue.items[each], "", False) for each in items), heading)
                for items, heading in sides
            )
        )
