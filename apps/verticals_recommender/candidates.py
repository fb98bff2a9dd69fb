"""Which model serves: every family with its best settings, and their blend, chosen on validation rows alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
from scipy import sparse

from verticals.arrays import Float64Array, FloatArray, IntArray
from verticals.data.examples import Note
from verticals_recommender.interactions import Interactions
from verticals_recommender.models import als, ease, expanded, item_knn, popularity, vectors
from verticals_recommender.models.blend import Blend, Recent, spread
from verticals_recommender.models.histories import Histories, histories
from verticals_recommender.models.model import Model
from verticals_recommender.models.vectors import Vectors
from verticals_recommender.settings import Grid
from verticals_recommender.splits import Split

HYBRID = "hybrid"
SHELF = 10
_LEAST_GAIN = 1e-4


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


@dataclass(frozen=True)
class Chosen:
    """What validation decided.

    Attributes:
        candidates: the best of each family.
        shares: the families that the hybrid blends, with their weights; empty where no blend beats the best single model.
        validation: nDCG at 10 of each.
        served: name of the one that serves.
    """

    candidates: Mapping[str, Candidate]
    shares: Mapping[str, float]
    validation: Mapping[str, float]
    served: str

    def settings(self) -> dict[str, dict[str, float]]:
        """Return what each model is fitted with."""
        found = {name: dict(candidate.settings) for name, candidate in self.candidates.items()}
        return {**found, HYBRID: dict(self.shares)} if self.shares else found


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
    return [Candidate(vectors.KIND, {}, _text), *expanded_fits]


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


def _text(material: Material) -> Model:
    if material.text is None:
        raise ValueError("there is no model of the item texts")
    return material.text


def _expanded_text(material: Material, share: float) -> Model:
    return expanded.fit(_text(material), material.histories, share)


def _recent(material: Material, inner: Candidate, half_life: float) -> Model:
    return Recent(inner.fit(material), half_life)


class Validation:
    """The users who decide, with what they saw and what they wanted next; those of all folds, one fold after the other.

    An item without any training or validation row had not come yet. It is not ranked: models that find new items by their text
    would be blamed for it, though nobody could have chosen it.
    """

    def __init__(self, folds: Sequence[Split], text: Vectors | None, most: int, seed: int) -> None:
        self._folds = [_judges(fold, text, most, seed) for fold in folds]
        self._seen = sparse.vstack([judges.weights for _, judges, _ in self._folds], format="csr")
        self._wanted = sparse.vstack([wanted for _, _, wanted in self._folds], format="csr")
        known = folds[0].known()  # the same rows in every fold
        self._to_come = np.bincount(known.item, minlength=known.shape[1]) == 0

    def scores(self, candidate: Candidate) -> FloatArray:
        """Fit a candidate in every fold and return the users' scores in units of their spread, [users, items]."""
        blocks = [candidate.fit(material).scores(judges) for material, judges, _ in self._folds]
        return np.concatenate([block / spread(block) for block in blocks])

    def ndcg(self, scores: FloatArray) -> float:
        """Return the mean nDCG at 10 over all unseen items that had come."""
        unseen = scores.copy()
        unseen[self._seen.nonzero()] = -np.inf
        unseen[:, self._to_come] = -np.inf
        count = min(SHELF, scores.shape[1])
        shelf = np.argpartition(-unseen, count - 1, axis=1)[:, :count]
        order = np.argsort(-np.take_along_axis(unseen, shelf, axis=1), axis=1, kind="stable")
        shelf = np.take_along_axis(shelf, order, axis=1)
        return float(np.mean(self._gains(shelf)))

    def _gains(self, shelf: IntArray) -> Float64Array:
        users = np.arange(len(shelf))[:, None]
        hits = np.asarray(self._wanted[np.broadcast_to(users, shelf.shape), shelf].todense()) > 0
        discounts = 1 / np.log2(np.arange(2, shelf.shape[1] + 2))
        ideal = np.cumsum(discounts)[np.minimum(np.diff(self._wanted.indptr), shelf.shape[1]) - 1]
        return np.asarray((hits * discounts).sum(axis=1) / ideal, np.float64)


def _judges(fold: Split, text: Vectors | None, most: int, seed: int) -> tuple[Material, Histories, sparse.csr_matrix]:
    """Return what to fit on, the histories of the users who decide, and what they wanted next."""
    users = np.unique(fold.validation.user)
    if len(users) > most:
        users = np.sort(np.random.default_rng(seed).choice(users, most, replace=False))
    known = histories(fold.train)
    return Material(known, text, seed), known.select(users), sparse.csr_matrix(fold.validation.matrix()[users])


def choose(folds: Sequence[Split], text: Vectors | None, grid: Grid, most_users: int, seed: int) -> Chosen:
    """Fit on the training rows, compare on the validation rows; test rows are not looked at.

    Args:
        folds: the same rows with different validation parts; several make the choice steadier.
        text: the model of the item texts, which needs no histories; None where there is no text.
        grid: what is tried.
        most_users: at most so many users of each fold decide.
        seed: of the models and of the choice of users.
    """
    validation = Validation(folds, text, most_users, seed)
    timed = all(fold.train.timed for fold in folds)
    candidates: dict[str, Candidate] = {}
    measured: dict[str, float] = {}
    scores: dict[str, FloatArray] = {}
    for name, members in families(grid, text is not None, folds[0].train.shape).items():
        best = _best(validation, members)
        if timed and name not in {"popularity", item_knn.KIND}:
            best = max([best, _best(validation, list(_recents(best[1], grid)))], key=lambda each: each[0])
        measured[name], candidates[name], scores[name] = best
    shares, reached = _blended(validation, scores, max(measured, key=measured.__getitem__), grid)
    if shares:
        measured[HYBRID] = reached
    return Chosen(candidates, shares, measured, max(measured, key=measured.__getitem__))


Judged = tuple[float, Candidate, FloatArray]


def _best(validation: Validation, tried: Sequence[Candidate]) -> Judged:
    judged = []
    for candidate in tried:
        scores = validation.scores(candidate)
        judged.append((validation.ndcg(scores), candidate, scores))
    return max(judged, key=lambda each: each[0])


def _recents(inner: Candidate, grid: Grid) -> Iterator[Candidate]:
    for half_life in grid.half_life:
        settings = {**inner.settings, "half_life": half_life}
        yield Candidate(inner.name, settings, partial(_recent, inner=inner, half_life=half_life))


def _blended(
    validation: Validation, scores: Mapping[str, FloatArray], first: str, grid: Grid
) -> tuple[dict[str, float], float]:
    """Add to the best model, one after the other, what helps most; no shares where nothing does."""
    shares = {first: 1.0}
    total = scores[first]
    reached = validation.ndcg(total)
    while len(shares) < len(scores):
        rest = [(name, share) for name in scores if name not in shares for share in grid.shares]
        gained, name, share = max((validation.ndcg(total + s * scores[n]), n, s) for n, s in rest)
        if gained < reached + _LEAST_GAIN:
            break
        shares[name], reached = share, gained
        total = total + share * scores[name]
    return (shares, reached) if len(shares) > 1 else ({}, reached)


def fit_served(chosen: Chosen, material: Material) -> Model:
    """Fit the model that serves, and nothing that it does not need."""
    if chosen.served != HYBRID:
        return chosen.candidates[chosen.served].fit(material)
    return Blend(tuple(chosen.candidates[name].fit(material) for name in chosen.shares), tuple(chosen.shares.values()))


def fitting(chosen: Chosen, text: Vectors | None, seed: int) -> Callable[[Histories], Model]:
    """Return what fits the model that serves on histories."""
    return lambda past: fit_served(chosen, Material(past, text, seed))


def fit_all(chosen: Chosen, interactions: Interactions, text: Vectors | None, seed: int) -> dict[str, Model]:
    """Fit every chosen model on these rows."""
    material = Material(histories(interactions), text, seed)
    models = {name: candidate.fit(material) for name, candidate in chosen.candidates.items()}
    if chosen.shares:
        models[HYBRID] = Blend(tuple(models[name] for name in chosen.shares), tuple(chosen.shares.values()))
    return models
