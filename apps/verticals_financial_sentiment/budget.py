"""The alert budget: the threshold that would have given so many alerts a day, solved from the days before today.

A ticker counts about once a day, however often it gets worse, so the alerts a threshold gives are the days of tickers on which the highest score
reached it.
"""

from dataclasses import dataclass, field

_DAY = 86_400


@dataclass(frozen=True)
class Threshold:
    """A threshold, the alerts a day to expect from it by the past, and the days that this rests on."""

    value: float
    expected: float
    days: int


@dataclass
class BudgetState:
    """The highest score of each ticker on each day: days since 1970 to ticker to sigma; and the threshold of the newest day.

    Attributes:
        highest: day to ticker to its highest score.
        solved_for: the day that `solved` holds for.
        solved: the threshold of that day.
    """

    highest: dict[int, dict[str, float]] = field(default_factory=dict)
    solved_for: int | None = None
    solved: Threshold | None = None


def note(state: BudgetState, time: int, ticker: str, score: float, days: int) -> None:
    """Remember a score; days that the budget no longer looks at are forgotten."""
    today = time // _DAY
    if today not in state.highest:
        state.highest[today] = {}
        for old in [day for day in state.highest if day < today - days]:
            del state.highest[old]
    known = state.highest[today]
    known[ticker] = max(score, known.get(ticker, 0.0))


def solve(state: BudgetState, time: int, per_day: int | None, least: float, days: int) -> Threshold:
    """Return the lowest threshold, not under `least`, that at most `per_day` scores a day reached on the days before.

    Without a budget it is `least`. Today's scores have no say, so the threshold stays all day.
    """
    today = time // _DAY
    if state.solved is None or state.solved_for != today:
        state.solved_for, state.solved = today, _solve(state, today, per_day, least, days)
    return state.solved


def _solve(state: BudgetState, today: int, per_day: int | None, least: float, days: int) -> Threshold:
    past = [scores for day, scores in state.highest.items() if today - days <= day < today]
    if not past:
        return Threshold(least, 0.0, 0)
    pooled = sorted((score for scores in past for score in scores.values() if score >= least), reverse=True)
    room = len(pooled) if per_day is None else per_day * len(past)
    value = least
    if len(pooled) > room:
        above = [
            score for score in pooled[:room] if score > pooled[room]
        ]  # scores that tie with the first one too many must stay out
        value = above[-1] if above else _next_above(pooled[room])
    return Threshold(value, sum(score >= value for score in pooled) / len(past), len(past))


def _next_above(score: float) -> float:
    return score * (1 + 1e-9)
