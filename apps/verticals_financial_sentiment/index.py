"""The index of one ticker: how much is said, and how it sounds, per bucket of time.

A story counts by its weight, which grows with its independent sources, and never by more than `most_weight`: however often it is copied,
it moves the index no further than so many stories of weight one. Items that come late count in the bucket that is open when they come;
those that were missed while nobody looked move the mood and no volume: they are no news of that bucket.
"""

import math
from dataclasses import dataclass, field

_DAY = 86_400


@dataclass(frozen=True)
class IndexSettings:
    """How the index is kept.

    Attributes:
        bucket: seconds per bucket.
        most_weight: what one story may add to one ticker, in stories of weight one.
        half_life: seconds after which a story counts half in the mood.
        calm: weight of the belief that the mood is neutral; what one story can move is bounded by it even in silence.
        forget: seconds after which a story that was not seen again is forgotten; no shorter than stories are remembered, or one counts twice.
    """

    bucket: int = 300
    most_weight: float = 3.0
    half_life: float = 21_600.0
    calm: float = 3.0
    forget: int = 7 * 86_400


@dataclass(frozen=True, slots=True)
class StoryUpdate:
    """A story at a moment: its weight so far, and what it says about the ticker.

    Attributes:
        story: its id.
        time: when the newest of its items reached the monitor, seconds since 1970, UTC.
        weight: what it counts now, all items together.
        score: P(positive) - P(negative), in [-1, 1].
        missed: it was published while nobody looked.
    """

    story: str
    time: int
    weight: float
    score: float
    missed: bool = False


@dataclass(frozen=True, slots=True)
class Bucket:
    """A closed bucket.

    Attributes:
        time: its start, seconds since 1970, UTC.
        volume: weight that came in it.
        positive: weight times score of what sounded positive.
        negative: the same for negative, as a positive number.
        mood: the index, in (-1, 1).
        stories: (id, score) of the stories that grew in it, in order, each with what it said last.
        late: updates in it that belonged to an earlier bucket.
    """

    time: int
    volume: float
    positive: float
    negative: float
    mood: float
    stories: tuple[tuple[str, float], ...]
    late: int


@dataclass
class IndexState:
    """What the index of one ticker remembers; plain values, so that it survives JSON.

    Attributes:
        open: start of the open bucket, or None before the first update.
        volume: weight in the open bucket; `positive`, `negative`, `stories` (to their score) and `late` likewise.
        signed: decayed sum of weight times score, and `heard` that of the weights.
        counted: story to the weight already counted and the time it was last seen.
    """

    open: int | None = None
    volume: float = 0.0
    positive: float = 0.0
    negative: float = 0.0
    stories: dict[str, float] = field(default_factory=dict)
    late: int = 0
    signed: float = 0.0
    heard: float = 0.0
    counted: dict[str, list[float]] = field(default_factory=dict)


def add(state: IndexState, settings: IndexSettings, update: StoryUpdate) -> list[Bucket]:
    """Count what an update adds to its story; return the buckets that its time closes.

    Raises:
        ValueError: the weight is negative or the score is outside [-1, 1].
    """
    if not (0 <= update.weight < float("inf") and -1 <= update.score <= 1):
        raise ValueError(f"story {update.story}: weight {update.weight} or score {update.score} is out of range")
    closed = advance(state, settings, update.time)
    if state.open is not None and update.time < state.open:
        state.late += 1
    before, _ = state.counted.get(update.story, (0.0, 0.0))
    now = max(before, min(update.weight, settings.most_weight))
    state.counted[update.story] = [now, max(update.time, state.open or update.time)]
    _grow(state, update, now - before)
    return closed


def advance(state: IndexState, settings: IndexSettings, time: int) -> list[Bucket]:
    """Close every bucket that ends at `time` or before, empty ones too, and return them."""
    start = time // settings.bucket * settings.bucket
    if state.open is None:
        state.open = start
    closed = []
    while state.open < start:
        closed.append(_close(state, settings, state.open))
        state.open += settings.bucket
    if closed and closed[0].time // _DAY != state.open // _DAY:  # once a day is enough
        oldest = state.open - settings.forget
        state.counted = {story: kept for story, kept in state.counted.items() if kept[1] >= oldest}
    return closed


def mood(state: IndexState, settings: IndexSettings) -> float:
    """Return the index, in (-1, 1): the decayed mean score, drawn to neutral by `calm`."""
    return state.signed / (state.heard + settings.calm)


def _grow(state: IndexState, update: StoryUpdate, weight: float) -> None:
    if weight <= 0:
        return
    state.signed += weight * update.score
    state.heard += weight
    if update.missed:
        return
    state.volume += weight
    state.positive += weight * max(update.score, 0.0)
    state.negative += weight * max(-update.score, 0.0)
    state.stories[update.story] = update.score


def _close(state: IndexState, settings: IndexSettings, start: int) -> Bucket:
    bucket = Bucket(
        start,
        state.volume,
        state.positive,
        state.negative,
        mood(state, settings),
        tuple(state.stories.items()),
        state.late,
    )
    decay = math.pow(0.5, settings.bucket / settings.half_life)
    state.signed, state.heard = state.signed * decay, state.heard * decay
    state.volume = state.positive = state.negative = 0.0
    state.stories, state.late = {}, 0
    return bucket
