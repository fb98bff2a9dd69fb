"""Serving beside the `transformers` pipeline: one text after another, on one thread, with the same backbone and number of classes.

`python benchmarks/peers/pipeline.py banking77`. The pipeline serves a sequence classifier with a head as it is drawn, since an untrained
head takes the time of a trained one; ours is a probe trained on the same rows, with calibration, familiarity and abstention in each answer.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from side_by_side import Figure, Ours, arguments, keep
from transformers import AutoModelForSequenceClassification, pipeline

from verticals import backbones, objectives
from verticals.config import NoSettings, build
from verticals.evaluation.results import latency


def main(given: Sequence[str]) -> None:
    """Fit the probe, then time both."""
    parser = arguments(__doc__)
    parser.add_argument("data", help="a public data set's name, or a file")
    chosen = parser.parse_args(given)
    objective = objectives.get("classify")
    config = build([{"data": {"train": chosen.data}, "method": {"name": "probe"}}], NoSettings, objective.settings)
    rows = objective.read(config)
    with tempfile.TemporaryDirectory() as work:
        model = objective.fit(rows, config, Path(work)).model
    backbone = backbones.locate(config.backbone.name)
    theirs = pipeline(
        "text-classification",
        model=AutoModelForSequenceClassification.from_pretrained(
            backbone.folder, num_labels=len(rows.labels), dtype=torch.float32
        ).eval(),
        tokenizer=backbones.load_tokenizer(backbone),
        device="cpu",
    )
    texts = rows.samples()
    times = [latency(lambda text: objective.answer(model, text), texts), latency(theirs, texts)]
    figures = [
        Figure(f"one text, {name}", "ms", *(each[key] for each in times))
        for name, key in (("median", "p50_ms"), ("95th percentile", "p95_ms"))
    ]
    data = {"name": rows.name, "fingerprint": rows.fingerprint(), "split": rows.sizes()}
    keep(
        chosen.results / f"pipeline-{Path(rows.name).stem}.json",
        "transformers",
        Ours.of(config),
        data,
        {"threads": 1},
        figures,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
