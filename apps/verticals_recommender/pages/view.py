"""What every tab of the page needs: the recommender, the words, people and items to choose from."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from verticals.coverage import UNKNOWN_TOKENS
from verticals.errors import DataError, VerticalsError
from verticals.notices import notice
from verticals_recommender import markup
from verticals_recommender.explanations import reasons, why
from verticals_recommender.models.model import Model
from verticals_recommender.opening import Opened
from verticals_recommender.profiles import Profile
from verticals_recommender.serving import Engine, Recommendation, Rules, recommend
from verticals_recommender.skins import SHIPPED
from verticals_recommender.state import State
from verticals_recommender.wording import texts

SHELF = 8
_PEOPLE, _ITEMS, _SHORT_HISTORY = 200, 2000, 3


def in_turn(tab: str) -> dict[str, Any]:
    """Return how the handlers of a tab listen: one after another, so that an answer to what was asked before never comes last."""
    return {"api_visibility": "private", "show_progress": "minimal", "concurrency_id": tab}


@dataclass(frozen=True)
class View:
    """One recommender in one language."""

    opened: Opened
    language: str

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """What the page says."""
        return texts(self.language, self.opened.skin.name)

    @property
    def shipped(self) -> bool:
        """Whether catalogue and people are the invented ones."""
        return self.opened.data in SHIPPED.values()

    @property
    def unknown_percent(self) -> int:
        """How much of the items' text the backbone does not know, in percent; 0 where it knows enough of it."""
        return next((int(note["count"]) for note in self.opened.record["notes"] if note["code"] == UNKNOWN_TOKENS), 0)

    @property
    def state(self) -> State:
        """The present state; keep it for as long as one answer takes."""
        return self.opened.live.state

    def models(self, state: State) -> Mapping[str, Model]:
        """Return the models by name, the one that serves first."""
        return {self.opened.record["served"]: state.engine.model, **state.compared}

    def people(self) -> list[str]:
        """Return people with a history, spread evenly over the names."""
        known = [name for name, past in self.state.trained.items() if len(past.weights) >= _SHORT_HISTORY]
        spread = np.linspace(0, len(known) - 1, min(_PEOPLE, len(known)), dtype=int)
        return [known[place] for place in spread]

    def choices(self) -> list[tuple[str, str]]:
        """Return titles and ids of the items that are listed; of a large catalogue the most popular ones."""
        state = self.state
        order = np.argsort(-state.engine.shelf.popularity, kind="stable")[:_ITEMS]
        items = [item for item in (state.catalogue.items[n] for n in order) if item.id and not item.unlisted]
        items.sort(key=lambda item: item.title.casefold())
        return [(f"{item.title} · {item.category}" if item.category else item.title, item.id) for item in items]

    def categories(self) -> list[str]:
        """Return the categories."""
        return sorted({item.category for item in self.state.catalogue.items if item.category})

    def profile(self, state: State, person: str) -> Profile:
        """Return what is known of a person, from the run and from the database."""
        return state.profile(person, self.opened.live.store.events(person)) if person else Profile()

    def listed(self, state: State, model: Model, profile: Profile, rules: Rules) -> list[Recommendation]:
        """Return a list as a model makes it."""
        return recommend(Engine(model, state.engine.shelf), profile, rules, self.opened.clock())

    def cards(self, state: State, found: Sequence[Recommendation], actions: Mapping[str, str]) -> str:
        """Return the cards of a list."""
        popularity = state.engine.shelf.popularity
        order, now = np.sort(popularity), self.opened.clock()
        whys, drawn = self.whys(state, state.engine.model, found), []
        for each, reason in zip(found, whys, strict=True):
            item = state.catalogue.items[each.item]
            rank = float(np.searchsorted(order, popularity[each.item])) / len(order)
            marks = markup.badges(item, rank, self.opened.skin, now, self.texts)
            line = markup.facts(item, self.opened.skin, now, self.texts)
            drawn.append(markup.card(item, line, reason, marks, actions))
        return markup.cards(drawn)

    def whys(self, state: State, model: Model, found: Sequence[Recommendation]) -> list[str]:
        """Return the reasons of each result in words."""
        return [
            why(model, reasons(each), each, lambda item: state.catalogue.items[item].title, self.language)
            for each in found
        ]

    @contextmanager
    def told(self) -> Iterator[None]:
        """Show what went wrong as a notice on the page; an item that is not there was removed since the page was opened."""
        try:
            yield
        except DataError as error:
            raise notice(self.texts, self.texts["removed"]) from error
        except VerticalsError as error:
            raise notice(self.texts, str(error)) from error
