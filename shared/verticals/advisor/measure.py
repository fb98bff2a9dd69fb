"""Run a trial within its budget, the cheapest measurement first.

Cheap methods are cross-validated on the rows to learn from, so that the interval is as narrow as the rows allow and no test row is used.
"""

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from verticals import backbones, coverage, methods, pooling, provenance
from verticals.advisor.steps import FORWARDS, STEPS, Sample, time_steps
from verticals.advisor.trial import CAUTION, Budget, Curve, Point, StepCost, Trial, TunedTrial, tuning_seconds
from verticals.arrays import BoolArray, FloatArray, IntArray
from verticals.config import Config, MethodConfig
from verticals.data.examples import Examples, Note
from verticals.data.splits import Splits
from verticals.errors import MethodError
from verticals.evaluation.metrics import bootstrap, mean
from verticals.inference.batches import predict_batches
from verticals.methods.tfidf import TfidfClassifier
from verticals.objectives import classify

SHARES = (0.25, 0.5, 1.0)
TIMED = ("partial", "lora", "full")  # by rising memory, since a process knows only its peak
FOLDS = 3
MOST_ROWS = 4000  # more would narrow the intervals by little
_BLOCK = 128
_EMBEDDING_SHARE = 0.3  # of the budget
_FEWEST_TUNED, _FEWEST_PER_CLASS = 100, 4  # rows; tuned on fewer, a model says little about the method
_PROBE_STRENGTH = 10.0

Predict = Callable[[IntArray, IntArray], IntArray]  # positions to learn from, positions to judge -> classes


def run_trial(splits: Splits, config: Config, budget: Budget) -> Trial:
    """Measure as much as the budget allows."""
    sample, vectors = _embed(splits, config, budget)
    memory = provenance.peak_memory_mb()
    cheap = {"tfidf": _tfidf(sample, config.train.seed), "probe": _probe(vectors, sample.targets, config.train.seed)}
    curves = _curves(cheap, sample.targets, config.train.seed, budget)
    steps, refused = _time_all(sample, config, budget)
    tuned = _tune(sample, cheap, steps, config, budget)
    return Trial(
        rows=len(splits.train) + len(splits.validation),
        sampled=len(sample.rows),
        embed_seconds=sample.embed_seconds,
        memory_mb=memory,
        curves=curves,
        steps=steps,
        batch_size=config.train.batch_size,
        refused=refused,
        tuned=tuned,
        spent=budget.spent(),
        budget=budget.seconds,
        notes=_reading_notes(sample, config),
    )


def _reading_notes(sample: Sample, config: Config) -> tuple[Note, ...]:
    """Say what of the sample the backbone cuts or does not know."""
    texts, tokenizer = sample.rows.texts, sample.tokenizer
    cut = coverage.cut_notes(texts, tokenizer, config.backbone.max_tokens)
    return (*cut, *coverage.unknown_notes(texts, tokenizer))


def _embed(splits: Splits, config: Config, budget: Budget) -> tuple[Sample, FloatArray]:
    """Return a sample of the rows to learn from with its vectors: as many as a share of the budget allows."""
    backbone = backbones.locate(config.backbone.name)
    tokenizer, encoder = backbones.load_tokenizer(backbone), backbones.load_encoder(backbone).eval()
    methods.check(config, "classify", encoder)
    vectors = partial(pooling.sentence_vectors, encoder)
    rows = _shuffled(splits, config.train.seed)
    blocks: list[FloatArray] = []
    started = budget.spent()
    for start in range(0, len(rows), _BLOCK):
        texts = rows.texts[start : start + _BLOCK]
        blocks.append(predict_batches(vectors, tokenizer, texts, config.backbone.max_tokens))
        if (budget.spent() - started) * (1 + 1 / len(blocks)) > _EMBEDDING_SHARE * budget.seconds:
            break
    embedded = np.concatenate(blocks)
    seconds = (budget.spent() - started) / len(embedded)
    rows = rows.take(range(len(embedded)))
    ids = tokenizer(list(rows.texts), truncation=True, max_length=config.backbone.max_tokens)["input_ids"]
    targets = np.array([splits.labels.index(label) for label in rows.labels])
    return Sample(backbone, tokenizer, splits.labels, rows, ids, targets, seconds), embedded


def _shuffled(splits: Splits, seed: int) -> Examples:
    """Return rows to learn from in random order; a validation row of a class without training rows teaches nothing."""
    every = splits.train + splits.validation
    known = [number for number, label in enumerate(every.labels) if label in splits.labels]
    return every.take(np.random.default_rng(seed).permutation(known)[:MOST_ROWS])


def _tfidf(sample: Sample, seed: int) -> Predict:
    def predict(kept: IntArray, held: IntArray) -> IntArray:
        texts = [sample.rows.texts[n] for n in kept]
        model = TfidfClassifier.fit(texts, sample.targets[kept], sample.labels, seed)
        return np.asarray(model.logits([sample.rows.texts[n] for n in held]).argmax(axis=1))

    return predict


def _probe(vectors: FloatArray, targets: IntArray, seed: int) -> Predict:
    def predict(kept: IntArray, held: IntArray) -> IntArray:
        model = LogisticRegression(C=_PROBE_STRENGTH, max_iter=1000, random_state=seed)
        return np.asarray(model.fit(vectors[kept], targets[kept]).predict(vectors[held]))

    return predict


def _right(predict: Predict, targets: IntArray, kept: IntArray, held: IntArray) -> BoolArray:
    """Say which held rows come out right; what has seen one class only predicts it."""
    seen = np.unique(targets[kept])
    predicted = np.full(len(held), seen[0]) if len(seen) == 1 else predict(kept, held)
    return np.asarray(predicted == targets[held])


def _curves(cheap: Mapping[str, Predict], targets: IntArray, seed: int, budget: Budget) -> dict[str, Curve]:
    """Cross-validate on growing shares of the rows, until the next share would no longer fit into the budget."""
    folds = _folds(targets, seed)
    points: dict[str, list[Point]] = {name: [] for name in cheap}
    seconds_per_row = dict.fromkeys(cheap, 0.0)
    for share in SHARES:
        sizes = [max(2, round(share * len(kept))) for kept, _ in folds]
        expected = sum(seconds_per_row.values()) * sum(sizes)
        if expected * CAUTION > budget.left():
            break
        for name, predict in cheap.items():
            before, right = budget.spent(), np.zeros(len(targets), dtype=bool)
            for (kept, held), size in zip(folds, sizes, strict=True):
                right[held] = _right(predict, targets, kept[:size], held)
            seconds_per_row[name] = (budget.spent() - before) / sum(sizes)
            points[name].append(Point(max(sizes), bootstrap(mean, right), right))
    return {name: Curve(tuple(points[name]), seconds_per_row[name]) for name in cheap}


def _time_all(sample: Sample, config: Config, budget: Budget) -> tuple[dict[str, StepCost], tuple[str, ...]]:
    """Time a few steps of each tuned method, and name those that do not fit the backbone."""
    costs: dict[str, StepCost] = {}
    refused: list[str] = []
    expected = (STEPS + 1) * config.train.batch_size * sample.embed_seconds * FORWARDS
    for name in TIMED:
        if expected * CAUTION > budget.left():
            break
        try:
            costs[name] = time_steps(name, sample, config, budget)
        except MethodError:
            refused.append(name)
    return costs, tuple(refused)


def _tune(
    sample: Sample, cheap: Mapping[str, Predict], steps: Mapping[str, StepCost], config: Config, budget: Budget
) -> TunedTrial | None:
    """Tune by the quickest method on as many rows as the rest of the budget allows, and judge it on one fold.

    What the training chooses on validation rows, it chooses on some of its own: it sees nothing of the fold.
    """
    if not steps:
        return None
    method = min(steps, key=lambda name: steps[name].epochs * steps[name].seconds)
    kept, held = next(iter(_folds(sample.targets, config.train.seed)))
    needed = tuning_seconds(steps[method], len(kept), config.train.batch_size, sample.embed_seconds)
    needed += len(held) * sample.embed_seconds
    kept = kept[: int(len(kept) * min(1.0, max(budget.left(), 0.0) / (CAUTION * needed)))]
    chosen_on = max(1, round(config.data.validation_share * len(kept)))
    validation, kept = kept[:chosen_on], kept[chosen_on:]  # in random order already
    if (
        len(kept) < max(_FEWEST_TUNED, _FEWEST_PER_CLASS * len(sample.labels))
        or len(np.unique(sample.targets[kept])) < 2
    ):
        return None
    train, test = sample.rows.take(kept), sample.rows.take(held)
    chosen = config.model_copy(update={"method": MethodConfig(name=method)})
    splits = Splits("trial", sample.labels, train, sample.rows.take(validation), test)
    with tempfile.TemporaryDirectory() as work:
        fitted = classify.fit(splits, chosen, Path(work))
    right = fitted.classifier.logits(test.texts).argmax(axis=1) == sample.targets[held]
    beside = {name: _right(predict, sample.targets, kept, held) for name, predict in cheap.items()}
    return TunedTrial(method, len(kept), np.asarray(right), beside)


def _folds(targets: IntArray, seed: int) -> list[tuple[IntArray, IntArray]]:
    return list(KFold(FOLDS, shuffle=True, random_state=seed).split(targets))
