"""What may serve: every family of models with the settings that are tried."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product

from verticals.data.examples import Note
from verticals_recommender.models import als, ease, expanded, item_knn, popularity, vectors
from verticals_recommender.models.histories import Histories
from verticals_recommender.models.model import Model
from verticals_recommender.models.recent import Recent
from verticals_recommender.models.vectors import Vectors
from verticals_recommender.settings import Grid


@dataclass(frozen=True)
class Material:
    """What models are fitted on: histories, the model of the item texts (None where there is no text), and the seed."""

    histories: Histories
    text: Vectors | None
    seed: int


@dataclass(frozen=True)
class Candidate:
    """A way to fit one model; `settings` says with what."""

    name: str
    settings: Mapping[str, float]
    fit: Callable[[Material], Model]


def families(grid: Grid, has_text: bool, shape: tuple[int, int]) -> dict[str, list[Candidate]]:
    """Return the candidates of each family, the simplest family first; `shape` says for how many users and items."""
    ease_fits = [
        Candidate(ease.KIND, {"regularisation": r}, partial(_ease, regularisation=r, neighbours=grid.ease_neighbours))
        for r in grid.ease_regularisation
    ]
    knn_fits = [
        Candidate(item_knn.KIND, {"neighbours": n, "shrinkage": s}, partial(_knn, neighbours=n, shrinkage=s))
        for n, s in product(grid.knn_neighbours, grid.knn_shrinkage)
    ]
    als_fits = [
        Candidate(
            als.KIND,
            {"width": w, "regularisation": r, "confidence": c},
            partial(_als, width=w, regularisation=r, confidence=c, rounds=grid.als_rounds),
        )
        for w, r, c in product(grid.als_width, grid.als_regularisation, grid.als_confidence)
    ]
    found = {
        "popularity": [Candidate("popularity", {}, _popularity)],
        item_knn.KIND: knn_fits,
        ease.KIND: ease_fits,
        als.KIND: als_fits,
        vectors.KIND: _text_fits(grid),
    }
    possible = {ease.KIND: not ease.refusal(shape), vectors.KIND: has_text}
    return {name: members for name, members in found.items() if possible.get(name, True)}


def _text_fits(grid: Grid) -> list[Candidate]:
    """Return the candidates that read the texts of a history: alone, and with those of what stands beside its items."""
    expanded_fits = [
        Candidate(vectors.KIND, {"expansion": share}, partial(_expanded_text, share=share)) for share in grid.expansion
    ]
    return [Candidate(vectors.KIND, {}, text_of), *expanded_fits]


def left_out(grid: Grid, shape: tuple[int, int]) -> list[Note]:
    """Return a note of the candidates that are left out, since users and items are too many for them."""
    refused = ease.refusal(shape)
    return [Note("ease_left_out", len(grid.ease_regularisation), f"left out: {refused}")] if refused else []


def _popularity(material: Material) -> Model:
    return popularity.fit(material.histories)


def _ease(material: Material, regularisation: float, neighbours: int) -> Model:
    return ease.fit(material.histories, regularisation, neighbours)


def _knn(material: Material, neighbours: int, shrinkage: float) -> Model:
    return item_knn.fit(material.histories, neighbours, shrinkage)


def _als(material: Material, width: int, regularisation: float, confidence: float, rounds: int) -> Model:
    return als.fit(material.histories, width, regularisation, confidence, rounds, material.seed)


def text_of(material: Material) -> Vectors:
    """Return the model of the item texts.

    Raises:
        ValueError: there is none.
    """
    if material.text is None:
        raise ValueError("there is no model of the item texts")
    return material.text


def _expanded_text(material: Material, share: float) -> Model:
    return expanded.fit(text_of(material), material.histories, share)


def _recent(material: Material, inner: Candidate, half_life: float) -> Model:
    return Recent(inner.fit(material), half_life)


def recents(inner: Candidate, grid: Grid) -> Iterator[Candidate]:
    """Return a candidate that listens to recent items more, for each half-life that is tried."""
    for half_life in grid.half_life:
        settings = {**inner.settings, "half_life": half_life}
        yield Candidate(inner.name, settings, partial(_recent, inner=inner, half_life=half_life))
