"""StackFAQ (Karan and Šnajder 2018): paraphrased questions, each of which has to find the thread that it was made from."""

import re
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from verticals.arrays import FloatArray, IntArray
from verticals.config import BackboneConfig, Config, MethodConfig, TrainConfig
from verticals.data import public
from verticals.data.examples import text_key
from verticals.data.pairs import Pairs, PairSplits
from verticals.data.public import PublicDataset
from verticals.errors import DataError
from verticals.evaluation import results
from verticals.evaluation.metrics import Estimate, bootstrap, mean
from verticals.evaluation.retrieval import average_precision, bm25_search, by_query, precision_at, reciprocal_rank
from verticals.evaluation.retrieval import relevant_ranks as ranks_of
from verticals.inference import memory
from verticals.objectives import match
from verticals_customer_service.retrieval import Embed, Entry, HybridIndex, Weights

FOLDS = 5
_PLACEHOLDER = "*"  # stands for the question itself among its paraphrases
_METRICS = {
    "mrr": reciprocal_rank,
    "map": average_precision,
    "precision_at_5": lambda ranks: precision_at(ranks, 5),
}
_QUESTIONS = Weights(1.0, 0.0, 0.0)
_ANSWERS = Weights(0.0, 1.0, 0.0)
_MAX_TOKENS = 256


@dataclass(frozen=True)
class Threads:
    """Threads, and the queries with the thread that each was made from; `dropped` counts blank and repeated queries."""

    entries: tuple[Entry, ...]
    queries: tuple[str, ...]
    thread: IntArray
    dropped: int

    def fingerprint(self) -> str:
        """Return a digest that changes when any text does."""
        return sha256(repr((self.entries, self.queries, self.thread.tolist())).encode()).hexdigest()[:16]


def read(path: Path) -> Threads:
    """Read threads from the authors' XML.

    Raises:
        DataError: the file is missing, is not XML, or a thread lacks question or answer.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise DataError(f"{path}: cannot be read: {error}; get it again from its source") from error
    entries, queries, dropped, seen = [], [], 0, set[str]()
    for number, thread in enumerate(root.findall("qapair")):
        question, answers = _texts(thread, "question"), _texts(thread, "answer")
        if not question or not answers:
            raise DataError(f"{path}: thread {number + 1}: expected a question and an answer; get the file again")
        entries.append(Entry((question[0],), tuple(answers)))
        for text in _texts(thread, "rephr"):
            if text == _PLACEHOLDER:
                continue
            if text_key(text) in seen:
                dropped += 1
                continue
            seen.add(text_key(text))
            queries.append((text, number))
    texts, threads = zip(*queries, strict=True)
    return Threads(tuple(entries), texts, np.array(threads), dropped)


def _texts(thread: ElementTree.Element, name: str) -> list[str]:
    found = [re.sub(r"\s+", " ", each.text or "").strip() for each in thread.findall(name)]
    return [text for text in found if text]


def judge(scores: FloatArray, threads: Threads) -> dict[str, Estimate]:
    """Return MRR, MAP and P@5 of scores, [queries, threads]; a query's own thread is the only relevant one."""
    nothing = np.array([], dtype=np.int64)
    own = threads.thread[:, None]
    ranks = [ranks_of(row, wanted, nothing) for row, wanted in zip(scores, own, strict=True)]
    return {name: bootstrap(mean, by_query(metric, ranks)) for name, metric in _METRICS.items()}


def folds(threads: Threads, seed: int) -> list[IntArray]:
    """Return the threads of each fold; all queries of one thread are in one fold."""
    order = np.random.default_rng(seed).permutation(len(threads.entries))
    return [np.sort(part) for part in np.array_split(order, FOLDS)]


def training_pairs(threads: Threads, held: IntArray) -> PairSplits:
    """Pair each query of the threads that are not held out with one of its thread's answers, in turn; the others are the test rows."""
    rows: dict[bool, list[tuple[str, str, int]]] = {True: [], False: []}
    for number, (query, thread) in enumerate(zip(threads.queries, threads.thread.tolist(), strict=True)):
        answers = threads.entries[thread].texts
        rows[thread in held].append((query, answers[number % len(answers)], number + 1))
    return PairSplits("stackfaq", _pairs(rows[False]), _pairs(rows[True]))


def _pairs(rows: Sequence[tuple[str, str, int]]) -> Pairs:
    left, right, lines = zip(*rows, strict=True)
    return Pairs(left, right, ((),) * len(rows), lines)


def cross_validated(threads: Threads, config: Config) -> FloatArray:
    """Score all threads by their answers alone, each query by a matcher that has seen no query and no answer of its thread."""
    scores = np.zeros((len(threads.queries), len(threads.entries)), np.float32)
    for held in folds(threads, config.train.seed):
        with tempfile.TemporaryDirectory() as work:
            model = match.fit(training_pairs(threads, held), config, Path(work)).model
        chosen = np.flatnonzero(np.isin(threads.thread, held))
        index = HybridIndex(threads.entries, model.embed, _ANSWERS)
        scores[chosen] = index.scores([threads.queries[number] for number in chosen])
    return scores


def searches(threads: Threads, embed: Embed) -> dict[str, FloatArray]:
    """Return the scores of the searches that need no training, by name, [queries, threads]."""
    texts = ["\n".join((*entry.questions, *entry.texts)) for entry in threads.entries]
    with memory.remembering():
        found = {
            name: HybridIndex(threads.entries, embed, weights).scores(threads.queries)
            for name, weights in _UNTUNED.items()
        }
    return {"bm25": bm25_search(texts)(threads.queries), **found}


_DATASET = PublicDataset(
    "stackfaq",
    "stackfaq",
    "CC BY-SA",
    "github.com/ML-Recipes/BERT-FAQ, data/StackFAQ",
    lambda folder, seed: read(folder / "stackExchange-FAQ.xml"),
)
_UNTUNED = {"questions": _QUESTIONS, "hybrid": Weights(), "answers": _ANSWERS}


def run(config: Config) -> list[dict[str, Any]]:
    """Measure the searches that need no training; BM25 over question and answers is the baseline of each."""
    threads = public.read(_DATASET, config.train.seed)
    found = searches(threads, match.from_backbone(_settings(config)).embed)
    judged = {name: judge(scores, threads) for name, scores in found.items()}
    return [_row(config, threads, name, metrics, judged["bm25"], {}) for name, metrics in judged.items()]


def run_matched(config: Config) -> list[dict[str, Any]]:
    """Measure the search over answers alone by matchers that were tuned on the other folds' threads."""
    threads = public.read(_DATASET, config.train.seed)
    texts = ["\n".join((*entry.questions, *entry.texts)) for entry in threads.entries]
    baseline = judge(bm25_search(texts)(threads.queries), threads)
    started = time.perf_counter()
    judged = judge(cross_validated(threads, _settings(config)), threads)
    cost = {"train_seconds": round(time.perf_counter() - started, 1)}
    return [_row(config, threads, "answers-matched", judged, baseline, cost)]


def _row(
    config: Config,
    threads: Threads,
    name: str,
    metrics: dict[str, Estimate],
    baseline: dict[str, Estimate],
    cost: dict[str, float],
) -> dict[str, Any]:
    beside = {"method": "bm25", "metrics": results.estimates(baseline)}
    facts = {"name": "stackfaq", "fingerprint": threads.fingerprint(), "split": _split(threads)}
    backbone = None if name == "bm25" else config.backbone.name
    return results.row("customer-service", "stackfaq", name, metrics, beside, cost, facts, config.train.seed, backbone)


def _settings(config: Config) -> Config:
    """Return the settings of the tuned matcher, chosen before any query was read, on the user's backbone and seed."""
    return Config(
        backbone=BackboneConfig(name=config.backbone.name, max_tokens=_MAX_TOKENS),
        method=MethodConfig(name="full"),
        train=TrainConfig(seed=config.train.seed, epochs=2, batch_size=32),
    )


def _split(threads: Threads) -> dict[str, int]:
    return {
        "queries": len(threads.queries),
        "threads": len(threads.entries),
        "folds": FOLDS,
        "dropped": threads.dropped,
    }
