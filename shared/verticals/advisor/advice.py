"""From what a trial measured to a recommendation: the cheapest method that nothing clearly beats."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from verticals.advisor.expectations import Option, options
from verticals.advisor.gains import Gain, removed_range
from verticals.advisor.trial import Point, Trial
from verticals.advisor.wording import TunedChoice, prospect, reason
from verticals.arrays import BoolArray
from verticals.data.examples import Note
from verticals.errors import ConfigError
from verticals.evaluation.metrics import Estimate, bootstrap, mean

WORTH = 0.01  # accuracy that tuning has to promise before it is advised
_EQUAL = 0.005  # of accuracy; of methods that promise as much, the quicker is taken


@dataclass(frozen=True)
class Advice:
    """What to do, why in two sentences, and what this rests on."""

    recommended: str
    sentences: tuple[str, str]
    options: tuple[Option, ...]
    curves: Mapping[str, tuple[Point, ...]]
    rows: int
    sampled: int
    refused: tuple[str, ...]
    spent: float
    budget: float
    notes: tuple[Note, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the advice as plain values for JSON."""
        curves = {
            name: [{"rows": point.rows, "accuracy": asdict(point.accuracy)} for point in points]
            for name, points in self.curves.items()
        }
        return {
            "recommended": self.recommended,
            "sentences": list(self.sentences),
            "options": [asdict(option) for option in self.options],
            "learning_curves": curves,
            "rows": self.rows,
            "sampled_rows": self.sampled,
            "refused": list(self.refused),
            "spent_seconds": round(self.spent, 1),
            "budget_seconds": self.budget,
            "notes": [asdict(note) for note in self.notes],
        }


def decide(trial: Trial, gains: tuple[Gain, ...]) -> Advice:
    """Recommend a method.

    Raises:
        ConfigError: the budget was spent before the cheap methods were measured.
    """
    if not all(curve.points for curve in trial.curves.values()):
        raise ConfigError(
            f"--budget: {trial.budget:g} s were spent before anything was measured; give at least {4 * trial.budget:g}s"
        )
    last = {name: curve.points[-1] for name, curve in trial.curves.items()}
    ahead = _gain(last["probe"].right, last["tfidf"].right)
    cheap = "probe" if ahead.low > 0 else "tfidf"
    expected = options(trial, gains)
    tuned = _tuned_choice(trial, expected, gains, cheap)
    advised = tuned.method if tuned is not None and tuned.worth else cheap
    return Advice(
        advised,
        (reason(cheap, last[cheap].accuracy, ahead, tuned), prospect(trial, expected, advised)),
        expected,
        {name: curve.points for name, curve in trial.curves.items()},
        trial.rows,
        trial.sampled,
        trial.refused,
        trial.spent,
        trial.budget,
        trial.notes,
    )


def _gain(right: BoolArray, beside: BoolArray) -> Estimate:
    return bootstrap(mean, right.astype(float) - beside.astype(float))


def _tuned_choice(trial: Trial, found: tuple[Option, ...], gains: tuple[Gain, ...], cheap: str) -> TunedChoice | None:
    """Return what tuning offers over the best cheap method: measured by the short tuning, else expected from kept results."""
    if trial.tuned is not None:
        gain = _gain(trial.tuned.right, trial.tuned.cheap[cheap])
        return TunedChoice(trial.tuned.method, gain, gain.low > 0 and gain.value >= WORTH, True)
    last = {name: curve.points[-1].accuracy.value for name, curve in trial.curves.items()}
    expected = {}
    for option in found:
        removed = removed_range(gains, option.method)
        if removed is not None:
            low, high = ((1 - (1 - last["probe"]) * (1 - share)) - last[cheap] for share in removed)
            expected[option.method] = Estimate((low + high) / 2, low, high)
    if not expected:
        return None
    best = max(gain.value for gain in expected.values())
    equal = [option for option in found if option.method in expected and expected[option.method].value > best - _EQUAL]
    method = min(equal, key=lambda option: option.seconds).method
    return TunedChoice(method, expected[method], expected[method].low >= WORTH, False)
