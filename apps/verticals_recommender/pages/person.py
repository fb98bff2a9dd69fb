"""The tab of one person: history, recommendation cards whose buttons act at once, sliders with what they cost, filters."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from verticals_recommender import markup
from verticals_recommender.pages.view import SHELF, View, in_turn
from verticals_recommender.profiles import Action, Profile
from verticals_recommender.serving import Rules
from verticals_recommender.state import State
from verticals_recommender.tradeoff import SLIDERS

Edits = tuple[tuple[Action, str], ...]  # what was tried out on this page, oldest first
BUTTONS: tuple[Action, ...] = ("like", "less", "hide")
_STRIP = 12


@dataclass(frozen=True)
class PersonTab:
    """Handlers of the tab; each gets the person, what was tried out, and the controls in the order of `_controls`."""

    view: View

    def build(self, page: gr.Blocks) -> None:
        """Add the tab to the open Gradio context."""
        texts = self.view.texts
        edits = gr.State(())
        person = gr.Dropdown([], label=texts["person"], info=texts["person_info"], allow_custom_value=True)
        history = gr.HTML()
        with gr.Row():
            with gr.Column(scale=3, min_width=320):
                cards = gr.HTML(js_on_load=markup.BUTTONS, elem_classes=["acting"])
                with gr.Row():
                    undo = gr.Button(texts["undo"], size="sm", min_width=140)
                    restart = gr.Button(texts["restart"], size="sm", min_width=140)
                gr.HTML(f"<p class='muted'>{markup.escape(texts['stored'])}</p>")
            with gr.Column(scale=1, min_width=280):
                controls = self._controls()
                *_, category, price_from, price_to = controls
                measured = gr.HTML()
        given, shown = [person, edits, *controls], [edits, history, cards, measured]
        quiet = in_turn("person")
        opened = page.load(self.open, None, [person, category, price_from, price_to], api_visibility="private")
        opened.then(self.enter, given, shown, **quiet)
        gr.on([person.input, restart.click], self.enter, given, shown, trigger_mode="always_last", **quiet)
        for event, does in ((cards.click, self.act), (undo.click, self.take_back)):
            event(does, given, shown, trigger_mode="multiple", **quiet)  # each click counts
        # What is moved by hand: prices also change as the page opens, which would show nobody's list before the first person's.
        by_hand = [control.input for control in controls if control is not category]
        moved = [*by_hand, category.change]  # Gradio does not call a category taken off by Backspace an input
        gr.on(moved, self.show, given, shown, trigger_mode="always_last", **quiet)

    def _controls(self) -> list[Any]:
        texts, skin = self.view.texts, self.view.opened.skin
        starts = {"freshness": skin.freshness}
        gr.HTML(f"<p class='label'>{texts['mix']}</p>")
        sliders = [
            gr.Slider(0, 1, starts.get(name, 0.0), step=0.1, label=texts[name], info=texts[f"{name}_info"], buttons=[])
            for name in SLIDERS
        ]
        with gr.Accordion(texts["filters"], open=False):
            category = gr.Dropdown([], multiselect=True, value=[], label=texts["category"])
            prices = [gr.Number(None, label=texts[name], visible=skin.priced) for name in ("price_from", "price_to")]
        return [*sliders, category, *prices]

    def open(self) -> tuple[dict[str, Any], dict[str, Any], None, None]:
        """Fill people and categories in when the page is opened, so that nobody is listed who was forgotten since.

        Prices are emptied: a number that is built without a value stands at 0, which would be the highest price.
        """
        people, categories = self.view.people(), self.view.categories()
        return gr.update(choices=people, value=people[0] if people else None), gr.update(choices=categories), None, None

    def enter(self, person: str, edits: Edits, *controls: Any) -> tuple[Edits, str, str, str]:  # noqa: ANN401 - Gradio's values
        """Show a person as they are, without anything that was tried out."""
        return self._answer(person, (), controls, "")

    def show(self, person: str, edits: Edits, *controls: Any) -> tuple[Edits, str, str, str]:  # noqa: ANN401
        """Make the list again for other sliders or filters."""
        return self._answer(person, edits, controls, "")

    def take_back(self, person: str, edits: Edits, *controls: Any) -> tuple[Edits, str, str, str]:  # noqa: ANN401
        """Undo the last button."""
        return self._answer(person, edits[:-1], controls, "")

    def act(
        self,
        event: gr.EventData,
        person: str,
        edits: Edits,
        *controls: Any,  # noqa: ANN401
    ) -> tuple[Edits, str, str, str]:
        """Do what a card's button says, once however often it is clicked: the click arrives with `action` and `item`."""
        state = self.view.state
        action = next((name for name in BUTTONS if name == event.action), None)
        position = state.catalogue.positions.get(str(event.item))
        if action is None or position is None:
            return self._answer(person, edits, controls, "")
        title = state.catalogue.items[position].title
        done = self.view.texts[f"done_{action}"].format(title=title)
        edit = (action, str(event.item))
        return self._answer(person, edits if edit in edits else (*edits, edit), controls, done)

    def _answer(
        self, person: str | None, edits: Edits, controls: Sequence[Any], done: str
    ) -> tuple[Edits, str, str, str]:
        texts, state = self.view.texts, self.view.state
        *mix, price_from, price_to = controls
        refused = self._refused(price_from, price_to)
        rules = self._rules(*mix, *((None, None) if refused else (price_from, price_to)))
        with self.view.told():
            profile = self.view.profile(state, person or "")
        known = state.catalogue.positions
        profile = profile.following((action, known[item]) for action, item in edits if item in known)
        started = time.perf_counter()
        found = self.view.listed(state, state.engine.model, profile, rules)
        ms = (time.perf_counter() - started) * 1000
        status = " ".join(part for part in (done, texts["made"].format(ms=ms)) if part)
        actions = {str(name): texts[name] for name in BUTTONS}
        nothing = refused or ("" if found else texts["nothing_left"])
        drawn = markup.notice(nothing) if nothing else self.view.cards(state, found, actions)
        heading = f"<h3>{markup.escape(texts['cards'].format(person=person or '—'))}</h3>"
        cards = f"{heading}<p class='muted' role='status'>{markup.escape(status)}</p>{drawn}"
        return edits, self._history(state, profile), cards, self._measured(rules)

    def _rules(
        self,
        diversity: float,
        novelty: float,
        damping: float,
        freshness: float,
        categories: Sequence[str],
        price_from: float | None,
        price_to: float | None,
    ) -> Rules:
        return Rules(
            count=SHELF,
            categories=tuple(categories or ()),
            price_from=price_from,
            price_to=price_to,
            freshness=freshness,
            half_life_days=self.view.opened.skin.half_life_days,
            diversity=diversity,
            novelty=novelty,
            damping=damping,
        )

    def _refused(self, price_from: float | None, price_to: float | None) -> str:
        """Say in the place of the cards what is wrong with the prices, which change with every digit that is typed."""
        if min(price_from or 0, price_to or 0) < 0:
            return self.view.texts["price_below_0"]
        crossed = price_from is not None and price_to is not None and price_from > price_to
        return self.view.texts["prices_crossed"] if crossed else ""

    def _history(self, state: State, profile: Profile) -> str:
        texts = self.view.texts
        if not profile.history:
            return markup.notice(texts["no_history"])
        newest = [state.catalogue.items[item] for item in reversed(list(profile.history))]
        older = len(newest) - _STRIP
        return markup.strip(newest[:_STRIP], texts["history"], texts["older"].format(count=older) if older > 0 else "")

    def _measured(self, rules: Rules) -> str:
        """Say what was measured nearest to where each slider stands."""
        texts, rows = self.view.texts, self.view.opened.record["tradeoff"]
        base, stands = rows[0], {name: value for name, value in rules.model_dump().items() if name in SLIDERS and value}
        lines = [self._line(base, _nearest(rows, name, value)) for name, value in stands.items()]
        if not lines:
            gain = base["ndcg_at_10"]
            figures = {"ndcg": gain["value"], "low": gain["low"], "high": gain["high"]}
            lines = [texts["tradeoff_none"].format(**figures, coverage=base["coverage_at_10"])]
        lead = texts["tradeoff_lead"].format(people=base["people"])
        body = "".join(f"<p>{markup.escape(line)}</p>" for line in lines)
        return f"<p class='label'>{texts['tradeoff']}</p>{body}<p class='muted'>{markup.escape(lead)}</p>"

    def _line(self, base: Mapping[str, Any], row: Mapping[str, Any]) -> str:
        before = base["ndcg_at_10"]["value"]
        change = row["ndcg_at_10"]["value"] / before - 1 if before else 0.0
        figures = {"change": change, "before": base["coverage_at_10"], "after": row["coverage_at_10"]}
        return self.view.texts["tradeoff_line"].format(
            slider=self.view.texts[row["slider"]], value=row["value"], **figures
        )


def _nearest(rows: Sequence[Mapping[str, Any]], slider: str, value: float) -> Mapping[str, Any]:
    return min((row for row in rows if row["slider"] == slider), key=lambda row: abs(row["value"] - value))
