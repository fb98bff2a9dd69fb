"""Advice: what is recommended for which measurements, what a trial may spend, and what the command prints."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from transformers import BertModel

from toys import Outcome, settings, toy_rows, toy_splits
from verticals import advisor, backbones
from verticals.advisor.advice import decide
from verticals.advisor.gains import Gain, kept_gains
from verticals.advisor.measure import run_trial
from verticals.advisor.steps import Sample, time_steps
from verticals.advisor.trial import Budget, Curve, Point, StepCost, Trial, TunedTrial
from verticals.advisor.wording import duration
from verticals.arrays import BoolArray
from verticals.data.examples import Note
from verticals.errors import ConfigError, DataError
from verticals.evaluation.metrics import bootstrap, mean

ROOT = Path(__file__).parent.parent
ROWS = 1000
HALVING = (Gain("full", "elsewhere", 0.8, 0.9, "a file"), Gain("lora", "elsewhere", 0.8, 0.9, "a file"))
COSTS = {"lora": StepCost(1.0, 900.0, 4), "full": StepCost(2.0, 1500.0, 4)}


def right(share: float) -> BoolArray:
    """Return a thousand rows of which the first share come out right."""
    return np.arange(ROWS) < share * ROWS


def curve(*shares: float) -> Curve:
    """Return a learning curve whose rows double from point to point."""
    points = [Point(100 * 2**n, bootstrap(mean, right(share)), right(share)) for n, share in enumerate(shares)]
    return Curve(tuple(points), 0.001)


def trial(tfidf: float, probe: float, tuned: TunedTrial | None = None) -> Trial:
    """Return a trial in which the two cheap methods reach these accuracies from all rows."""
    curves = {"tfidf": curve(tfidf), "probe": curve(probe)}
    return Trial(100, ROWS, 0.01, 500.0, curves, COSTS, 32, (), tuned, 10.0, 300.0)


def tuned(accuracy: float, probe: float) -> TunedTrial:
    """Return a short tuning by LoRA beside the probe."""
    return TunedTrial("lora", 500, right(accuracy), {"tfidf": right(0.1), "probe": right(probe)})


@pytest.mark.parametrize(
    ("measured", "advised"),
    [
        (trial(0.990, 0.992), "tfidf"),  # not clearly apart, and little left to gain
        (trial(0.95, 0.90), "tfidf"),  # tuning is expected to reach the same .95, no more
        (trial(0.90, 0.99), "probe"),  # half of 1 % of errors is not worth minutes
        (trial(0.70, 0.80), "lora"),  # half of 20 % is; LoRA promises as much as full and is quicker
        (trial(0.70, 0.80, tuned(0.80, 0.80)), "probe"),  # a measurement counts more than an expectation
        (trial(0.90, 0.99, tuned(0.995, 0.95)), "lora"),
        (trial(0.70, 0.80, tuned(0.805, 0.80)), "probe"),  # clear, but half a point
    ],
)
def test_the_cheapest_method_that_nothing_clearly_beats_is_advised(measured: Trial, advised: str) -> None:
    advice = decide(measured, HALVING)
    assert advice.recommended == advised
    assert advice.sentences[0].startswith(f"Use {advised}: ")


def test_without_kept_results_of_a_method_no_gain_is_promised() -> None:
    advice = decide(trial(0.70, 0.80), ())
    assert advice.recommended == "probe"
    assert {(option.method, option.low) for option in advice.options[2:]} == {("lora", None), ("full", None)}


def test_the_expected_range_is_the_probes_interval_less_the_errors_removed_elsewhere() -> None:
    gains = (HALVING[0], Gain("full", "other", 0.8, 0.85, "a file"))  # a half and a quarter of the errors
    advice = decide(trial(0.70, 0.80), gains)
    probe, full = (next(each for each in advice.options if each.method == name) for name in ("probe", "full"))
    assert probe.low is not None and probe.high is not None
    assert full.low == pytest.approx(1 - (1 - probe.low) * 0.75)
    assert full.high == pytest.approx(1 - (1 - probe.high) * 0.5)


def test_time_is_extrapolated_from_steps_and_texts() -> None:
    options = {each.method: each for each in decide(trial(0.70, 0.80), HALVING).options}
    assert options["full"].seconds == pytest.approx(4 * 4 * 2.0 + 2 * 100 * 0.01)  # 100 rows are 4 batches, 4 epochs
    assert options["probe"].seconds == pytest.approx(2 * 100 * 0.001 + 100 * 0.01)
    assert options["tfidf"].seconds == pytest.approx(100 * 0.001)
    assert [duration(seconds) for seconds in (0.2, 80, 300, 7200)] == ["1 s", "80 s", "5 min", "2.0 h"]


def test_a_rising_curve_lifts_what_all_rows_may_reach() -> None:
    measured = trial(0.70, 0.80)
    rising = {
        "tfidf": curve(0.5, 0.6, 0.7),
        "probe": curve(0.6, 0.8),
    }  # a doubling halved the errors, 200 rows learned from
    grown = Trial(**{**vars(measured), "curves": rising, "rows": 800})
    probe = decide(grown, ()).options[1]
    high = rising["probe"].points[-1].accuracy.high
    assert probe.high == pytest.approx(1 - (1 - high) / 4)  # two doublings more
    assert probe.low == rising["probe"].points[-1].accuracy.low
    assert "more rows clearly helped" in decide(grown, ()).sentences[1]


def test_a_short_tuning_counts_by_the_errors_it_removed() -> None:
    measured = trial(0.70, 0.90, tuned(0.75, 0.50))  # half of the errors, with fewer rows than the curves
    probe, lora = (
        next(each for each in decide(measured, ()).options if each.method == name) for name in ("probe", "lora")
    )
    assert probe.low is not None and probe.high is not None and lora.low is not None and lora.high is not None
    assert probe.low < lora.low < 1 - (1 - probe.low) / 2 < lora.high < 1
    assert "in kept results" not in lora.basis


@pytest.fixture
def working() -> Iterator[Callable[[float], Callable[[], float]]]:
    """Return a maker of clocks on which so many seconds pass with every forward pass of an encoder, and none without."""
    passes = 0

    def count(module: nn.Module, inputs: object) -> None:
        nonlocal passes
        passes += isinstance(module, BertModel)

    hook = nn.modules.module.register_module_forward_pre_hook(count)
    yield lambda seconds: lambda: passes * seconds
    hook.remove()


Clocks = Callable[[float], Callable[[], float]]


def test_a_trial_measures_everything_where_the_budget_allows(tiny_backbone: Path, working: Clocks) -> None:
    config = settings(backbone={"name": str(tiny_backbone), "max_tokens": 32})
    measured = run_trial(toy_splits(60), config, Budget(1000.0, working(0.01)))
    assert measured.rows == measured.sampled == 204
    assert [point.rows for point in measured.curves["probe"].points] == [34, 68, 136]
    assert measured.curves["probe"].points[-1].accuracy.value > 0.95  # the rows are separable
    assert list(measured.steps) == ["partial", "lora", "full"]
    assert all(cost.seconds > 0 and cost.memory_mb > 0 for cost in measured.steps.values())
    assert measured.tuned is not None
    assert measured.tuned.rows == 122  # two folds less a tenth to choose on: none of it from the fold that is judged
    assert measured.tuned.right.mean() > 0.95


@pytest.mark.parametrize(("precision", "expected"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_steps_are_timed_in_the_arithmetic_of_the_training(
    tiny_backbone: Path, precision: str, expected: torch.dtype
) -> None:
    config = settings(backbone={"name": str(tiny_backbone)}, train={"precision": precision})
    backbone, rows = backbones.locate(str(tiny_backbone)), toy_splits().train
    targets = np.zeros(len(rows), np.int64)
    sample = Sample(backbone, backbones.load_tokenizer(backbone), ("one", "two"), rows, [[2, 3]] * 60, targets, 0.01)
    found: set[torch.dtype] = set()

    def note(module: nn.Module, inputs: object, output: object) -> None:
        if isinstance(module, nn.Linear) and isinstance(output, torch.Tensor):
            found.add(output.dtype)

    hook = nn.modules.module.register_module_forward_hook(note)
    time_steps("full", sample, config, Budget(1000.0, time.perf_counter))
    hook.remove()
    assert found == {expected}


@pytest.mark.parametrize("seconds", [0.6, 0.9, 1.3, 2.1, 4.9])
def test_a_trial_stays_within_its_budget_and_leaves_out_what_does_not_fit(
    tiny_backbone: Path, working: Clocks, seconds: float
) -> None:
    config = settings(backbone={"name": str(tiny_backbone), "max_tokens": 32}, train={"batch_size": 8})
    measured = run_trial(toy_splits(), config, Budget(20.0, working(seconds)))
    assert 4 * seconds <= measured.spent <= 20.0  # one pass tries whether the backbone reads at all
    assert measured.tuned is None
    assert measured.curves["probe"].points


def test_a_budget_or_a_file_that_is_too_small_is_refused_with_what_would_do() -> None:
    with pytest.raises(ConfigError, match="expected 20s or more"):
        advisor.advise(toy_splits(), settings(), 5, lambda: 0.0)
    with pytest.raises(DataError, match="expected 30 or more"):
        advisor.advise(toy_splits(1), settings(), 60, lambda: 0.0)
    with pytest.raises(ConfigError, match="give at least 1200s"):
        decide(Trial(**{**vars(trial(0.5, 0.5)), "curves": {"tfidf": Curve((), 0.0), "probe": Curve((), 0.0)}}), ())


def test_the_table_of_gains_is_what_the_kept_results_say() -> None:
    command = [sys.executable, "benchmarks/gains.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {"full", "lora"} <= {gain.method for gain in kept_gains()}


def test_the_command_prints_a_table_and_two_sentences(
    verticals: Callable[..., Outcome], tiny_backbone: Path, tmp_path: Path
) -> None:
    rows = toy_rows(15)
    path = tmp_path / "rows.csv"
    lines = [f"{text},{label}" for text, label in zip(rows.texts, rows.labels, strict=True)]
    path.write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    shown = verticals("advise", "--data", path, "--backbone", tiny_backbone, "--budget", "1h")
    assert shown.code == 0, shown.err
    *table, gap, first, second = shown.out.splitlines()
    starred = [line.split()[1] for line in table if line.startswith("*")]
    assert (gap, len(starred)) == ("", 1)
    assert first.startswith(f"Use {starred[0]}: ")
    assert second.startswith("Training on all ")
    written = verticals("advise", "--data", path, "--backbone", tiny_backbone, "--budget", "1h", "--json")
    advice = json.loads(written.out)["advice"]
    assert {option["method"] for option in advice["options"]} == {"tfidf", "probe", "partial", "lora", "full"}
    assert advice["spent_seconds"] < advice["budget_seconds"] <= 3600
    assert advice["notes"] == []
    assert "expected 90s, 5m or 1h" in verticals("advise", "--data", path, "--budget", "soon").error


def test_the_command_says_what_it_noticed_of_the_rows_and_of_the_backbone(
    verticals: Callable[..., Outcome], tiny_backbone: Path, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    texts = [f"{'退款办理' if number % 2 else '包裹在哪里'}{chr(0x4E00 + number)}" for number in range(40)]
    rows = [f"{text},{'ab'[number % 2]}" for number, text in enumerate(texts)]
    path.write_text("\n".join(["text,label", *rows, rows[0], ",a"]), encoding="utf-8")
    command = ("advise", "--data", path, "--backbone", tiny_backbone, "--budget", "1h")
    advice = json.loads(verticals(*command, "--json").out)["advice"]
    codes = [each["code"] for each in advice["notes"]]
    assert [codes.count(code) for code in ("blank_text", "duplicate", "unknown_tokens")] == [1, 1, 1]
    shown = verticals(*command)
    notes = [line for line in shown.out.splitlines() if line.startswith("note: ")]
    assert notes == [f"note: {each['message']}" for each in advice["notes"]]
    assert "are unknown to this backbone" not in shown.err


def test_a_refusal_of_a_small_file_says_what_was_left_out() -> None:
    noticed = replace(toy_splits(1), notes=(Note("duplicate", 5, "repeated rows left out: 5"),))
    with pytest.raises(DataError, match=r"begin with --method probe \(noticed before: repeated rows left out: 5\)"):
        advisor.advise(noticed, settings(), 60, lambda: 0.0)
