"""The whole chain on medical text, with what each step gains: `python benchmarks/medical.py`.

A backbone reads the text of two hospitals (no test text, no label), is tuned on hospital A's records, learns hospital B's while a KL term
holds it to A's, and does the same again with few parameters. With VERTICALS_DATA, A is OHSUMED (23 chapters of diseases) and B Medical
Abstracts (five conditions, which are five of these chapters), without the abstracts of B that stand in A; without it, or with
`--sample`, both are notes written for this project. Results go to `benchmarks/results/` and from there into docs/medical.md.
"""

import argparse
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from verticals import objectives, pilot, transfer
from verticals.arrays import Float64Array
from verticals.config import ClassifyConfig, Config, DataConfig, NoSettings, assignment, build
from verticals.data import public
from verticals.data.corpus import hold_out
from verticals.data.examples import Examples, Note
from verticals.data.loading import load_splits
from verticals.data.near_duplicates import near_duplicates
from verticals.data.splits import Splits
from verticals.evaluation import results
from verticals.evaluation.metrics import bootstrap, mean
from verticals.evaluation.predictor import Predictor
from verticals.objectives import calibrated
from verticals.objectives.mask import BACKBONE, MaskSettings
from verticals.runs import Run
from verticals.transfer import TransferSettings

HERE = Path(__file__).parent
APP = "medical"
_SAMPLE = DataConfig(test_share=0.4, validation_share=0.2)


@dataclass(frozen=True)
class Hospitals:
    """The labelled records of two hospitals; the labels of B are among those of A."""

    name: str
    a: Splits
    b: Splits


def hospitals(sample: bool, seed: int) -> Hospitals:
    """Return the public data, or the notes written for this project."""
    if sample:
        a, b = (
            load_splits(_SAMPLE.model_copy(update={"train": str(HERE / "medical" / f"hospital_{each}.csv")}), seed)
            for each in "ab"
        )
        return Hospitals("medical-sample", a, b)
    a = public.load("ohsumed", seed)
    return Hospitals("medical", a, without(public.load("medical-abstracts", seed), a))


def without(rows: Splits, other: Splits) -> Splits:
    """Leave out the rows that stand, nearly word for word, anywhere in the other data."""
    known = (other.train + other.validation + other.test).texts

    def fresh(part: Examples) -> Examples:
        found = {each.other for each in near_duplicates(known, part.texts)}
        return part.take(number for number in range(len(part)) if number not in found)

    left = replace(rows, train=fresh(rows.train), validation=fresh(rows.validation), test=fresh(rows.test))
    dropped = sum(rows.sizes().values()) - sum(left.sizes().values())
    message = f"rows left out that stand in {other.name}: {dropped}"
    return replace(left, notes=(*left.notes, Note("stands_in_other", dropped, message)))


class Chain:
    """The steps, one after the other, with what each is worth on both sides."""

    def __init__(self, data: Hospitals, assignments: Sequence[str], pretraining: Sequence[str]) -> None:
        self.data = data
        self.rows: list[dict[str, Any]] = []
        self._assigned = [assignment(each) for each in assignments]
        self._pretraining = [assignment(each) for each in pretraining]
        self._right: dict[str, dict[str, Float64Array]] = {}

    def pretrain(self) -> str:
        """Let the backbone read the training text of both hospitals; returns the folder it becomes."""
        texts = [text for side in (self.data.a, self.data.b) for text in side.train.texts]
        layers = [{"method": {"name": "full"}}, *self._assigned, *self._pretraining]
        config = build(layers, NoSettings, MaskSettings)
        corpus = hold_out(self.data.name, tuple(dict.fromkeys(texts)), config.data, config.train.seed)
        run = pilot.train(APP, objectives.get("mask"), config, corpus)
        self._add("pretrain", run, {})
        return str(run.folder / BACKBONE)

    def tune(self, step: str, side: str, backbone: str, over: Sequence[str] = ()) -> Run:
        """Tune every weight on one hospital's records."""
        rows = {"a": self.data.a, "b": self.data.b}[side]
        run = pilot.train(APP, objectives.get("classify"), self._config("full", backbone), rows)
        self._add(step, run, self._gains(step, calibrated.load(run), [(name, side) for name in over]))
        return run

    def move(
        self, step: str, source: Run, method: str, lambdas: Sequence[float], over: Sequence[tuple[str, str]]
    ) -> float:
        """Transfer hospital A's classifier to hospital B's records; returns the strength that was chosen."""
        config, wanted = self._config(method, source.config.backbone.name), TransferSettings(lambdas=tuple(lambdas))
        run = transfer.transfer(transfer.prepare(source, self.data.a, self.data.b, config, wanted))
        record = run.read_json(transfer.RECORD)
        self._add(step, run, {**self._gains(step, calibrated.load(run), over), "transfer": record})
        return float(record["strength"])

    def _config(self, method: str, backbone: str) -> Config:
        chosen = {"method": {"name": method}, "backbone": {"name": backbone}}
        return build([*self._assigned, chosen], NoSettings, ClassifyConfig)

    def _gains(self, step: str, model: Predictor, over: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Measure a step on both sides, and its gain over earlier steps on the same rows."""
        sides = {"a": self.data.a.test, "b": self.data.b.test}
        right = self._right[step] = {side: named_right(model, rows) for side, rows in sides.items()}
        gains = [
            {"over": name, "side": side, **asdict(bootstrap(mean, right[side] - self._right[name][side]))}
            for name, side in over
        ]
        return {"sides": {side: asdict(bootstrap(mean, values)) for side, values in right.items()}, "gains": gains}

    def _add(self, step: str, run: Run, extra: dict[str, Any]) -> None:
        """Keep a step's result; `extra` is what it has beside a run of its own."""
        backbone = "builtin" if run.config.backbone.name == "builtin" else "pretrained"
        row = {**pilot.result(run, run.metrics), "suite": self.data.name, "backbone": backbone}
        self.rows.append({**row, "step": step, **extra})


def named_right(model: Predictor, rows: Examples) -> Float64Array:
    """Return 1 for each row whose label is the best among those that its hospital codes, else 0, whatever others the model has."""
    coded, labels = set(rows.labels), model.classifier.labels
    classes = np.array([number for number, label in enumerate(labels) if label in coded])
    predicted = transfer.best_among(classes, model.classifier.score(rows.texts, progress="measuring").logits)
    return np.array([labels[best] == label for best, label in zip(predicted, rows.labels, strict=True)], float)


def run(chain: Chain, lambdas: Sequence[float], pretrain: bool) -> list[dict[str, Any]]:
    """Go through the chain, from the pretraining on or from hospital A on, and return one result per step."""
    start, step = "builtin", "A, built-in backbone"
    source = chain.tune(step, "a", start)
    if pretrain:
        start, plain, step = chain.pretrain(), step, "A, pretrained backbone"
        source = chain.tune(step, "a", start, [plain])
    chain.tune("B alone", "b", start)
    over = [(step, "b"), ("B alone", "b"), (step, "a")]
    strength = chain.move("A to B", source, "full", lambdas, over)
    chain.move("A to B, few parameters", source, "lora", [strength], [*over, ("A to B", "b"), ("A to B", "a")])
    return chain.rows


def main() -> None:
    """Read the command line, go through the chain, and write its results."""
    parser = argparse.ArgumentParser(description="The medical chain, with what each step gains.")
    parser.add_argument("--sample", action="store_true", help="use the notes written for this project")
    parser.add_argument("--set", action="append", default=[], dest="assignments", help="one setting, for every step")
    parser.add_argument("--without-pretraining", action="store_true", help="begin with hospital A's records")
    parser.add_argument("--pretrain", action="append", default=[], help="one setting, for the pretraining alone")
    parser.add_argument("--lambdas", nargs="+", type=float, default=TransferSettings().lambdas, help="of the KL term")
    parser.add_argument("--results", type=Path, default=HERE / "results", help="folder for the result file")
    given = parser.parse_args()
    seed = build([assignment(each) for each in given.assignments], NoSettings, NoSettings).train.seed
    data = hospitals(given.sample or not os.environ.get("VERTICALS_DATA"), seed)
    chain = Chain(data, given.assignments, given.pretrain)
    rows = run(chain, given.lambdas, pretrain=not given.without_pretraining)
    results.write(given.results / f"{data.name}.json", rows)


if __name__ == "__main__":
    main()
