"""Why an item is on the list: what each item of the history adds to its score, exactly; and the list without one of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from verticals_recommender.models.model import Model
from verticals_recommender.models.popularity import Popularity
from verticals_recommender.profiles import Profile
from verticals_recommender.serving import Engine, Recommendation, Rules, recommend

_WORDS = {
    "en": {
        "because": "Because of {reasons}",
        "reason": "{title} {share:.0%}",
        "joint": ", ",
        "wish": "Close to what you wrote",
        "popularity": "Popular with others",
        "wider": "From outside your usual range",
    },
    "zh": {
        "because": "推荐依据：{reasons}",
        "reason": "{title}{share:.0%}",
        "joint": "、",
        "wish": "与您所写的内容相近",
        "popularity": "热门",
        "wider": "不同于您以往的偏好",
    },
}


@dataclass(frozen=True)
class Reason:
    """An item of the history with what it adds to the score, in the model's units, and its share of all that speaks for the item."""

    item: int
    contribution: float
    share: float


@dataclass(frozen=True)
class Counterfactual:
    """The list as it would be without one item of the history."""

    without: int
    items: tuple[int, ...]
    gone: tuple[int, ...]
    new: tuple[int, ...]


def reasons(found: Recommendation, most: int | None = None) -> list[Reason]:
    """Return what the items of the history add to the model's score of a result, largest first; `most` of them, or all.

    All contributions add up to the model's score, less what does not depend on the history. Shares are of all positive ones; what
    speaks against the item has share 0.
    """
    positive = max(sum(added for added in found.added.values() if added > 0), 1e-12)
    ordered = sorted(found.added.items(), key=itemgetter(1), reverse=True)[:most]
    return [Reason(item, added, max(added, 0.0) / positive) for item, added in ordered]


def in_words(
    found: Sequence[Reason], recommendation: Recommendation, title: Callable[[int], str], language: str, most: int = 2
) -> str:
    """Return the reasons as a person reads them; where no past item speaks for it, what else does."""
    words = _WORDS[language]
    named = [reason for reason in found if reason.share > 0][:most]
    if named:
        spoken = [
            words["reason"].format(title=_named(title(reason.item), language), share=reason.share) for reason in named
        ]
        return words["because"].format(reasons=words["joint"].join(spoken))
    for part in ("wish", "popularity"):
        if part in recommendation.parts:
            return words[part]
    return words["wider"]


def _named(title: str, language: str) -> str:
    """Return a title as a sentence names it: in Chinese between quotes, unless it stands between title marks already."""
    return title if language == "en" or title.startswith("《") else f"“{title}”"


def why(
    model: Model, found: Sequence[Reason], recommendation: Recommendation, title: Callable[[int], str], language: str
) -> str:
    """Return the reasons that a model has for a result, in words; one of popularity has a single one, beside the person's own words."""
    if isinstance(model, Popularity) and "wish" not in recommendation.parts:
        return _WORDS[language]["popularity"]
    return in_words(found, recommendation, title, language)


def counterfactual(engine: Engine, profile: Profile, item: int, rules: Rules, now: float) -> Counterfactual:
    """Return the list that the person would have without an item of the history, and how it differs from the present one."""
    before = [each.item for each in recommend(engine, profile, rules, now)]
    after = [each.item for each in recommend(engine, profile.without(item), rules, now)]
    return Counterfactual(
        without=item,
        items=tuple(after),
        gone=tuple(each for each in before if each not in after),
        new=tuple(each for each in after if each not in before),
    )
