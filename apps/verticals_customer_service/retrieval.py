"""Search over articles by meaning and by words: vectors of questions and texts in FAISS, and BM25 beside them."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import faiss
import numpy as np
from safetensors.numpy import load_file, save_file
from scipy.special import softmax

from verticals import backbones, objectives
from verticals.arrays import FloatArray
from verticals.config import Config, MethodConfig
from verticals.evaluation.retrieval import bm25_search
from verticals.methods import saved
from verticals.methods.one_pass import Reader
from verticals.objectives import match
from verticals.objectives.classifier import Classifier
from verticals.objectives.match import Matcher
from verticals.runs import open_run, write_json
from verticals_customer_service import article_classes
from verticals_customer_service.knowledge import LEAST_LIKELY, SEARCH_COUNTS, Article

Embed = Callable[[Sequence[str]], FloatArray]  # texts -> unit vectors, [texts, width]
Judge = Callable[[Sequence[str]], FloatArray]  # messages -> how relevant each article is, [messages, articles]
MATCHER = "matcher"  # folder of a tuned matcher inside a run
_BACKBONE = "search"  # folder that says which backbone searches where none is tuned
_FILE, _VECTORS = "retrieval.json", "retrieval.safetensors"
_UNSURE = 0.25  # of in-scope messages: what is out of scope seldom comes as near to an article as the others; chosen on validation rows
MAX_TOKENS = 256  # of a passage: articles are longer than messages


@dataclass(frozen=True)
class Entry:
    """What can be found: ways to ask for it, and the texts that answer it."""

    questions: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Weights:
    """What counts how much: the best cosine with a question, the best with a text, the share of the best BM25 score."""

    question: float = 1.0
    text: float = 0.5
    words: float = 0.05


ARTICLES = Weights(1.0, 1.0, 0.5)  # chosen on the messages of samples/dialogues.jsonl, whose article is known


@dataclass(frozen=True)
class Vectors:
    """The vectors of all entries' questions and of all their texts, one after the other, [passages, width]."""

    questions: FloatArray
    texts: FloatArray


def vectors_of(entries: Sequence[Entry], embed: Embed) -> Vectors:
    """Embed what can be found."""
    questions = [question for entry in entries for question in entry.questions]
    return Vectors(embed(questions), embed([text for entry in entries for text in entry.texts]))


class BestPassage:
    """Passages of entries, of which the nearest counts."""

    def __init__(self, counts: Sequence[int], vectors: FloatArray) -> None:
        self._entries = len(counts)
        self._owner = np.repeat(np.arange(len(counts)), counts)
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(np.ascontiguousarray(vectors, np.float32))

    def cosines(self, queries: FloatArray) -> FloatArray:
        """Return the cosine of each query with the nearest passage of each entry, [queries, entries]."""
        best = np.full((self._entries, len(queries)), -1.0, np.float32)
        np.maximum.at(best, self._owner, _all_products(self._index, queries).T)
        return best.T


class HybridIndex:
    """Entries, each with the vectors of its questions and of its texts, and its words; known `vectors` are not made again."""

    def __init__(
        self, entries: Sequence[Entry], embed: Embed, weights: Weights = Weights(), vectors: Vectors | None = None
    ) -> None:
        self._embed, self._weights = embed, weights
        made = vectors or vectors_of(entries, embed)
        self._questions = BestPassage([len(entry.questions) for entry in entries], made.questions)
        self._texts = BestPassage([len(entry.texts) for entry in entries], made.texts)
        self._words = bm25_search(["\n".join((*entry.questions, *entry.texts)) for entry in entries])

    def scores(self, queries: Sequence[str]) -> FloatArray:
        """Return how relevant each entry is, [queries, entries]."""
        vectors, weights = self._embed(queries), self._weights
        words = self._words(queries)
        share = words / np.maximum(words.max(axis=1, keepdims=True), 1e-9)
        questions, texts = self._questions.cosines(vectors), self._texts.cosines(vectors)
        return np.asarray(weights.question * questions + weights.text * texts + weights.words * share, np.float32)


def _all_products(index: faiss.IndexFlatIP, queries: FloatArray) -> FloatArray:
    """Return the inner product of each query with every vector, in the order in which these were added."""
    scores, order = index.search(np.ascontiguousarray(queries, np.float32), index.ntotal)
    products = np.empty_like(scores)
    np.put_along_axis(products, order, scores, axis=1)
    return np.asarray(products, np.float32)


@dataclass(frozen=True)
class Threshold:
    """Below `relevant` no article is about a message; an article leads clearly with `lead` more than the next, and answers alone from `sure`."""

    relevant: float
    lead: float
    sure: float = math.inf  # runs of before 2026-11-29 have none


def threshold(judge: Judge, texts: Sequence[str], max_refused: float) -> Threshold:
    """Find the score that at most `max_refused` of these in-scope texts stay below.

    A lead is clear where it is larger than that of most of them: the median. One article alone leads by nothing. The search is sure from
    a score that three quarters of them reach.
    """
    scores = judge(texts)
    relevant, sure = (float(np.quantile(scores.max(axis=1), share, method="lower")) for share in (max_refused, _UNSURE))
    return Threshold(relevant, float(np.median(_leads(scores))), sure)


def _leads(scores: FloatArray) -> FloatArray:
    best_two = np.sort(scores, axis=1)[:, -2:]
    return np.asarray(best_two[:, -1] - best_two[:, 0], np.float32)


@dataclass(frozen=True)
class Relevance:
    """How relevant each article is to one message, [articles], and where the line is."""

    scores: FloatArray
    threshold: Threshold

    def any(self) -> bool:
        """Say whether any article is about the message."""
        return self.highest() >= self.threshold.relevant

    def best(self) -> int:
        """Return the position of the most relevant article."""
        return int(self.scores.argmax())

    def clear(self) -> int | None:
        """Return the position of the one article that the message is clearly about, if there is one."""
        if len(self.scores) < 2 or not self.any():
            return None
        return self.best() if self.lead() >= self.threshold.lead else None

    def sure(self) -> int | None:
        """Return the position of the article that answers even where the intent is unclear, if there is one."""
        return self.clear() if self.highest() >= self.threshold.sure else None

    def highest(self) -> float:
        """Return how relevant the most relevant article is."""
        return float(self.scores.max())

    def lead(self) -> float:
        """Return by how much the most relevant article leads the next; one alone leads by nothing."""
        return float(_leads(self.scores[None])[0])


class ArticleSearch:
    """The search over a bot's articles.

    Attributes:
        readers: what in it reads with a backbone.
    """

    def __init__(
        self, judge: Judge, line: Threshold, matcher: Matcher | None = None, classes: Classifier | None = None
    ) -> None:
        """Take what judges articles, which `classes` may have a say in, and where the line is; `matcher` is what the index embeds with."""
        self._judge = _together(judge, classes)
        self._line = line
        self.matcher = matcher
        self.readers: tuple[Reader, ...] = (*((matcher,) if matcher else ()), *(classes.readers if classes else ()))

    def relevance(self, message: str) -> Relevance:
        """Judge every article."""
        return Relevance(self._judge([message])[0], self._line)

    def relevances(self, messages: Sequence[str]) -> FloatArray:
        """Return how relevant the most relevant article is, for each message."""
        return np.asarray(self._judge(messages).max(axis=1), np.float32)


def _together(judge: Judge, classes: Classifier | None) -> Judge:
    """Return what adds to a relevance how likely each article is as a class, if there are any; how unlikely one is counts up to a limit."""
    if classes is None:
        return judge

    def scores(messages: Sequence[str]) -> FloatArray:
        likely = np.maximum(softmax(classes.logits(messages), axis=1), LEAST_LIKELY)
        return np.asarray(judge(messages) + np.log(likely) / SEARCH_COUNTS, np.float32)

    return scores


def entries(articles: Sequence[Article]) -> list[Entry]:
    """Return articles as what can be found."""
    return [
        Entry((f"{article.title}\n{article.question}".strip(), *article.asked), (article.text,)) for article in articles
    ]


def write(folder: Path, config: Config, articles: Sequence[Article], texts: Sequence[str]) -> None:
    """Calibrate the search over these articles on in-scope texts, and write threshold and vectors into a run folder."""
    if not (folder / MATCHER).is_dir():
        (folder / _BACKBONE).mkdir()
        saved.remember(backbones.locate(config.backbone.name), folder / _BACKBONE)
    found, embed = entries(articles), matcher(folder, config).embed
    vectors = vectors_of(found, embed)
    judge, classes = HybridIndex(found, embed, ARTICLES, vectors).scores, article_classes.load(folder, config, articles)
    line = threshold(_together(judge, classes), texts, config.abstain.max_refused)
    write_json(folder / _FILE, asdict(line))
    save_file(asdict(vectors), folder / _VECTORS)


def load(folder: Path, config: Config, articles: Sequence[Article]) -> ArticleSearch | None:
    """Build the search that a run folder was calibrated for; None where it has none."""
    path = folder / _FILE
    if not path.is_file():
        return None
    line = Threshold(**json.loads(path.read_text(encoding="utf-8")))
    model = matcher(folder, config)
    kept = folder / _VECTORS  # runs of before 2026-11-28 have none
    vectors = Vectors(**load_file(kept)) if kept.is_file() else None
    judge = HybridIndex(entries(articles), model.embed, ARTICLES, vectors).scores
    return ArticleSearch(judge, line, model, article_classes.load(folder, config, articles))


def matcher(folder: Path, config: Config) -> Matcher:
    """Return the tuned matcher that a run holds, or else its backbone as it came."""
    if (folder / MATCHER).is_dir():
        tuned: Matcher = objectives.get("match").load(open_run(folder / MATCHER))
        return tuned
    section = config.backbone.model_copy(update={"max_tokens": MAX_TOKENS})
    settings = config.model_copy(update={"backbone": section, "method": MethodConfig(name="probe")})
    return match.reading_by(saved.backbone_of(folder / _BACKBONE, config), settings)
