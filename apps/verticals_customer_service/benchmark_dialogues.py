"""Replies that a model writes to the held-out dialogues of the samples: how expected, how close, and how grounded."""

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from verticals import objectives
from verticals.config import BackboneConfig, Config, DataConfig, MethodConfig, TrainConfig
from verticals.data.pairs import PairSplits
from verticals.evaluation import results
from verticals.evaluation.generation import perplexity, reply_estimates
from verticals.evaluation.metrics import Estimate, bootstrap, mean
from verticals.objectives import generate
from verticals_customer_service import data
from verticals_customer_service.groundedness import ungrounded
from verticals_customer_service.knowledge import Article, Source, read_articles
from verticals_customer_service.responder import Request, Responder, grounded

FILE = "dialogues.jsonl"
REPLY_TOKENS = 96


class Written:
    """Replies that are there already, by message, for the check that every reply passes."""

    def __init__(self, replies: Mapping[str, str]) -> None:
        self._replies = replies

    def stream(self, request: Request) -> Iterator[str]:
        """Yield the whole reply."""
        yield self._replies[request.message]


def run(config: Config) -> list[dict[str, Any]]:
    """Tune a sequence-to-sequence model on the samples; beside it the nearest training prompt's reply, and the quoted article."""
    settings = tuning(config)
    rows = generate.read(settings)
    articles = articles_by_line()
    with tempfile.TemporaryDirectory() as work:
        started = time.perf_counter()
        model = generate.fit(rows, settings, Path(work)).model
        seconds = time.perf_counter() - started
    replies = model.reply(rows.test.left, progress="replying")
    losses = bootstrap(perplexity, model.losses(rows.test.left, rows.test.right))
    nearest = objectives.get("generate").baselines["nearest-prompt"](rows, settings).metrics
    tuned = {"perplexity": losses, **quality(replies, rows, articles)}
    shown = quality(as_shown(replies, rows, articles), rows, articles)
    quoted = quality([articles[line].text for line in rows.test.lines], rows, articles)
    baseline = {"method": "nearest-prompt", "metrics": results.estimates(nearest)}
    facts = {"name": "dialogues", "fingerprint": rows.fingerprint(), "split": rows.sizes()}
    costs: dict[str, dict[str, float]] = {"seq2seq": {"train_seconds": round(seconds, 1)}}
    return [
        results.row(
            "customer-service",
            "dialogues",
            name,
            metrics,
            baseline,
            costs.get(name, {}),
            facts,
            config.train.seed,
            config.backbone.name,
        )
        for name, metrics in (("seq2seq", tuned), ("seq2seq-checked", shown), ("template", quoted))
    ]


def tuning(config: Config) -> Config:
    """Return the settings of the tuned model: those of this suite, on the user's backbone, seed and epochs."""
    return Config(
        data=DataConfig(train=str(data.SAMPLES / FILE)),
        backbone=BackboneConfig(name=config.backbone.name, max_tokens=config.backbone.max_tokens),
        method=MethodConfig(name="full"),
        train=TrainConfig(seed=config.train.seed, epochs=config.train.epochs or 20, batch_size=16, learning_rate=5e-4),
        objective={"max_reply_tokens": REPLY_TOKENS},
    )


def articles_by_line() -> dict[int, Article]:
    """Return the article of each line of the dialogues."""
    known = {article.id: article for article in read_articles(data.SAMPLES / "articles.jsonl")}
    lines = (data.SAMPLES / FILE).read_text(encoding="utf-8").splitlines()
    return {number: known[json.loads(line)["article"]] for number, line in enumerate(lines, 1)}


def quality(replies: Sequence[str], rows: PairSplits, articles: Mapping[int, Article]) -> dict[str, Estimate]:
    """Return chrF, BLEU, and the share of replies all of whose facts stand in their article."""
    sources = [f"{articles[line].title}\n{articles[line].text}" for line in rows.test.lines]
    held = [not ungrounded(reply, [source]) for reply, source in zip(replies, sources, strict=True)]
    return {**reply_estimates(replies, rows.test.right), "groundedness": bootstrap(mean, np.array(held))}


def as_shown(replies: Sequence[str], rows: PairSplits, articles: Mapping[int, Article]) -> list[str]:
    """Return what customers would see: the reply where it is grounded, else the article."""
    responder: Responder = Written(dict(zip(rows.test.left, replies, strict=True)))
    sources = [Source(article.id, article.title, article.text) for article in (articles[n] for n in rows.test.lines)]
    asked = zip(rows.test.left, sources, strict=True)
    return [grounded(responder, Request(prompt, (), (source,))).text for prompt, source in asked]
