"""Which model serves: every family with its best settings, and their blend, chosen on validation rows alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from verticals.arrays import Float64Array, FloatArray
from verticals.errors import ConfigError
from verticals_recommender.candidates import Candidate, Material, families, recents, text_of
from verticals_recommender.interactions import Interactions
from verticals_recommender.models import borrowing, item_knn, vectors
from verticals_recommender.models.blend import Blend
from verticals_recommender.models.histories import Histories, histories
from verticals_recommender.models.model import Model
from verticals_recommender.models.vectors import Vectors
from verticals_recommender.settings import Grid
from verticals_recommender.splits import Split
from verticals_recommender.validation import Validation

HYBRID = "hybrid"
_LEAST_GAIN = 1e-4


@dataclass(frozen=True)
class Chosen:
    """What validation decided.

    Attributes:
        candidates: the best of each family.
        shares: the families that the hybrid blends, with their weights; empty where no blend beats the best single model.
        borrowing: what an item without rows takes of its relatives by text, by model; models in which nothing does are left out.
        validation: nDCG at 10 of each.
        served: name of the one that serves.
    """

    candidates: Mapping[str, Candidate]
    shares: Mapping[str, float]
    borrowing: Mapping[str, float]
    validation: Mapping[str, float]
    served: str

    def settings(self) -> dict[str, dict[str, float]]:
        """Return what each model is fitted with."""
        found = {name: dict(candidate.settings) for name, candidate in self.candidates.items()}
        if self.shares:
            found[HYBRID] = dict(self.shares)
        borrowing = {name: {"borrowing": share} for name, share in self.borrowing.items()}
        return {name: {**settings, **borrowing.get(name, {})} for name, settings in found.items()}


def choose(
    folds: Sequence[Split],
    text: Vectors | None,
    grid: Grid,
    most_users: int,
    seed: int,
    added: Float64Array | None = None,
) -> Chosen:
    """Fit on the training rows, compare on the validation rows; test rows are not looked at.

    Args:
        folds: the same rows with different validation parts; several make the choice steadier.
        text: the model of the item texts, which needs no histories; None where there is no text.
        grid: what is tried.
        most_users: at most so many users of each fold decide.
        seed: of the models and of the choice of users.
        added: when each item came, in seconds, [items], NaN where unknown; nothing means its rows tell.
    """
    validation = Validation(folds, text, most_users, seed, added)
    timed = all(fold.train.timed for fold in folds)
    candidates: dict[str, Candidate] = {}
    measured: dict[str, float] = {}
    scores: dict[str, FloatArray] = {}
    loaned: dict[str, float] = {}
    tried = (0.0,) if text is None else (*grid.borrowing, 0.0)
    for name, members in families(grid, text is not None, folds[0].train.shape).items():
        best = _best(validation, members)
        if timed and name not in {"popularity", item_knn.KIND}:
            best = max([best, _best(validation, list(recents(best[1], grid)))], key=lambda each: each[0])
        measured[name], candidates[name], scores[name] = best
        if name not in {"popularity", vectors.KIND}:
            measured[name], loaned[name] = _lent(validation, scores[name], tried)
    first = max(measured, key=measured.__getitem__)
    blends = [(*_blended(validation, scores, share, first, grid), share) for share in tried]
    reached, shares, share = max(blends, key=lambda each: each[0])
    if shares:
        measured[HYBRID], loaned[HYBRID] = reached, share
    lenders = {name: share for name, share in loaned.items() if share}
    return Chosen(candidates, shares, lenders, measured, max(measured, key=measured.__getitem__))


def named(chosen: Chosen, name: str) -> Chosen:
    """Return the choice with another model that serves.

    Raises:
        ConfigError: these rows have no such model: no text, too many people and items, or no blend that is better than its parts.
    """
    if name not in chosen.validation:
        raise ConfigError(
            f"app.serve: these rows have no model '{name}'; expected one of {', '.join(chosen.validation)}"
        )
    return replace(chosen, served=name)


Judged = tuple[float, Candidate, FloatArray]


def _best(validation: Validation, tried: Sequence[Candidate]) -> Judged:
    judged = []
    for candidate in tried:
        scores = validation.scores(candidate)
        judged.append((validation.ndcg(scores), candidate, scores))
    return max(judged, key=lambda each: each[0])


def _lent(validation: Validation, scores: FloatArray, tried: Sequence[float]) -> tuple[float, float]:
    """Return what is reached where new items borrow, and how much they do: the first of the best."""
    return max(((validation.ndcg(validation.lent(scores, share)), share) for share in tried), key=lambda each: each[0])


def _blended(
    validation: Validation, scores: Mapping[str, FloatArray], borrowing: float, first: str, grid: Grid
) -> tuple[float, dict[str, float]]:
    """Add to the first model, one after the other, what helps most; no shares where nothing does."""
    lent = {name: validation.lent(each, borrowing) for name, each in scores.items()}
    shares = {first: 1.0}
    total = lent[first]
    reached = validation.ndcg(total)
    while len(shares) < len(lent):
        rest = [(name, share) for name in lent if name not in shares for share in grid.shares]
        gained, name, share = max((validation.ndcg(total + s * lent[n]), n, s) for n, s in rest)
        if gained < reached + _LEAST_GAIN:
            break
        shares[name], reached = share, gained
        total = total + share * lent[name]
    return reached, shares if len(shares) > 1 else {}


def fit_served(chosen: Chosen, material: Material) -> Model:
    """Fit the model that serves, and nothing that it does not need."""
    if chosen.served != HYBRID:
        return _lending(chosen, chosen.served, chosen.candidates[chosen.served].fit(material), material)
    parts = {name: chosen.candidates[name].fit(material) for name in chosen.shares}
    return _lending(chosen, HYBRID, _blend(chosen, parts), material)


def fitting(chosen: Chosen, text: Vectors | None, seed: int) -> Callable[[Histories], Model]:
    """Return what fits the model that serves on histories."""
    return lambda past: fit_served(chosen, Material(past, text, seed))


def fit_all(chosen: Chosen, interactions: Interactions, text: Vectors | None, seed: int) -> dict[str, Model]:
    """Fit every chosen model on these rows."""
    material = Material(histories(interactions), text, seed)
    models = {name: candidate.fit(material) for name, candidate in chosen.candidates.items()}
    if chosen.shares:
        models[HYBRID] = _blend(chosen, models)
    return {name: _lending(chosen, name, model, material) for name, model in models.items()}


def _blend(chosen: Chosen, parts: Mapping[str, Model]) -> Blend:
    return Blend(tuple(parts[name] for name in chosen.shares), tuple(chosen.shares.values()))


def _lending(chosen: Chosen, name: str, model: Model, material: Material) -> Model:
    share = chosen.borrowing.get(name)
    return model if share is None else borrowing.fit(model, text_of(material), material.histories, share)
