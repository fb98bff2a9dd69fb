"""What the bot may say: intents with their names, and the articles that answer them."""

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sklearn.feature_extraction.text import TfidfVectorizer

from verticals.arrays import FloatArray
from verticals.config import read_yaml
from verticals.data.words import UNSPACED, fit_terms
from verticals.errors import DataError
from verticals_customer_service import safety
from verticals_customer_service.phrases import language_of

Model = TypeVar("Model", bound=BaseModel)
_TERM = rf"[{UNSPACED}]|[^\W{UNSPACED}]{{2,}}"  # a character where there are no blanks between words
_MAIN_ARTICLE_LEAD = 0.15  # in cosine of TF-IDF vectors
SEARCH_COUNTS = 12.0  # a point of relevance against the logarithm of a probability; chosen on samples/dialogues.jsonl
LEAST_LIKELY = (
    0.01  # an intent or an article that a classifier does not expect; chosen on the development conversations
)
_LEAD = 2.0  # of the likeliest article over the next, on the same scale; chosen on the development conversations
Action = Literal["answer", "clarify", "hand_over", "ask", "done"]


class Intent(BaseModel):
    """An intent as people read it, and what follows when a customer has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str
    zh: str
    action: Literal["answer", "hand_over"]


class Article(BaseModel):
    """A help article; the bot quotes it and names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    title: str = Field(min_length=1)
    intents: tuple[str, ...]
    question: str = ""
    asked: tuple[str, ...] = Field(
        (), description="other ways in which customers ask for it; only the search reads them"
    )
    text: str = Field(min_length=1)


@dataclass(frozen=True)
class Source:
    """An article that a reply quotes."""

    id: str
    title: str
    text: str


class Relevance(Protocol):
    """How relevant each article is to one message, as a search judges it."""

    @property
    def scores(self) -> FloatArray:
        """One score per article, [articles]."""


class Knowledge:
    """Intents and articles; an intent's first article is its main one, another needs more of the message's words.

    Articles are quoted only as far as they are trusted (`safety`); links to `hosts` are. The bot speaks their `language`.
    """

    def __init__(self, intents: dict[str, Intent], articles: Sequence[Article], hosts: Collection[str] = ()) -> None:
        self.intents = intents
        self.articles = tuple(articles)
        self.hosts = frozenset(hosts)
        self.language = language_of([f"{each.title} {each.text}" for each in articles] or list(intents))
        quotable = [bool(self.quotable(article)) for article in self.articles]
        self._by_intent = {
            name: [n for n, article in enumerate(self.articles) if name in article.intents and quotable[n]]
            for name in intents
        }
        answering = [name for name, intent in intents.items() if intent.action == "answer"]
        self._answering = sorted({position for name in answering for position in self._by_intent[name]})
        self._vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=_TERM)
        if self.articles:
            self._vectors = fit_terms(self._vectorizer, [f"{each.title} {each.question}" for each in self.articles])

    def article(self, intent: str, message: str) -> Source | None:
        """Return the intent's article that is nearest to the message, or None where it has none."""
        candidates = self._by_intent.get(intent)
        if not candidates:
            return None
        scores = (self._vectors[candidates] @ self._vectorizer.transform([message]).T).toarray().ravel()
        scores[0] += _MAIN_ARTICLE_LEAD
        return self._source(candidates[int(scores.argmax())])

    def quotable(self, article: Article) -> str:
        """Return as much of an article as may be quoted; nothing where its title or question is suspicious."""
        if safety.suspicion(article.title, self.hosts) or safety.suspicion(article.question, self.hosts):
            return ""
        return safety.trusted(article.text, self.hosts)

    def untrusted(self) -> list[str]:
        """Say of each article that is not quoted as a whole where that begins, and why."""
        parts = [
            (each.id, part, safety.suspicion(text, self.hosts))
            for each in self.articles
            for part, text in (("title", each.title), ("question", each.question), ("text", each.text))
        ]
        return [
            f"article '{name}': {part} is not quoted from character {place.start} on: {place.why}"
            for name, part, place in parts
            if place
        ]

    def questions(self, count: int) -> list[str]:
        """Return what the first articles that may be quoted answer: their question, or else their title."""
        open_ones = [article for article in self.articles if self.quotable(article)]
        return [article.question or article.title for article in open_ones[:count]]

    def answer(self, intent: str, message: str, relevance: Relevance | None = None) -> Source | None:
        """Return the intent's article that a search finds most relevant; without a search, the one of the nearest words."""
        candidates = self._by_intent.get(intent)
        if relevance is None or not candidates:
            return self.article(intent, message)
        return self._source(candidates[int(relevance.scores[candidates].argmax())])

    def likeliest(
        self, ranking: Sequence[tuple[str, float]], message: str, relevance: Relevance | None = None
    ) -> tuple[Source, ...]:
        """Return the article that the intents and the search together make likeliest, and the next where it is nearly as likely.

        Args:
            ranking: the likeliest intents with their probabilities; what always goes to a person is left out.
            message: what the customer wrote.
            relevance: what the search found; without it, the first intent alone chooses.

        Returns:
            One or two articles, the likeliest first; none where the first intent has none.
        """
        first = ranking[0][0]
        if relevance is None or not self._by_intent.get(first):
            source = self.article(first, message)
            return (source,) if source else ()
        expected = dict(ranking)
        scores = {
            position: math.log(
                max(LEAST_LIKELY, *(expected.get(name, 0.0) for name in self.articles[position].intents))
            )
            + SEARCH_COUNTS * float(relevance.scores[position])
            for position in self._answering
        }
        best, *others = sorted(scores, key=lambda position: -scores[position])
        close = [position for position in others[:1] if scores[best] - scores[position] < _LEAD]
        return tuple(self._source(position) for position in (best, *close))

    def source(self, article: str) -> Source | None:
        """Return an article by its id, as far as it may be quoted; None where there is none, or nothing of it may be."""
        found = next((self._source(number) for number, each in enumerate(self.articles) if each.id == article), None)
        return found if found and found.text else None

    def found(self, position: int | None) -> Source | None:
        """Return the article at the position that a search found, if any, where it may be quoted and does not always go to a person."""
        return self._source(position) if position is not None and position in self._answering else None

    def told(self, position: int | None) -> Source | None:
        """Return the article at the position that a search found, if any, where it may be quoted, also one that goes with a person."""
        return self._source(position) if position is not None and self.quotable(self.articles[position]) else None

    def _source(self, position: int) -> Source:
        chosen = self.articles[position]
        return Source(chosen.id, chosen.title, self.quotable(chosen))

    def named(self, intent: str) -> str:
        """Return an intent as the bot calls it, in the language of its articles."""
        return self.name(intent, self.language)

    def name(self, intent: str, language: str) -> str:
        """Return an intent as people read it."""
        known = self.intents[intent]
        return known.zh if language == "zh" else known.en


def read_intents(path: Path) -> dict[str, Intent]:
    """Read intents from YAML.

    Raises:
        ConfigError: the file is missing, or is not a mapping of labels.
        DataError: an entry does not fit.
    """
    return {str(name): _checked(Intent, entry, f"{path}: intent '{name}'") for name, entry in read_yaml(path).items()}


def read_articles(path: Path) -> list[Article]:
    """Read articles from JSONL.

    Raises:
        DataError: the file is missing, a line does not fit, or two have the same id.
    """
    articles: list[Article] = []
    lines: dict[str, int] = {}  # of each id
    for number, line in enumerate(_read(path).split("\n"), 1):  # a text may hold other ends of lines, such as U+2028
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(f"{path}: line {number}: not JSON: {error.msg}") from error
        article = _checked(Article, entry, f"{path}: line {number}")
        if article.id in lines:
            raise DataError(
                f"{path}: lines {lines[article.id]} and {number}: two articles have the id '{article.id}'; rename one"
            )
        lines[article.id] = number
        articles.append(article)
    return articles


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # editors of Windows put a mark before the first line
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: expected UTF-8, found another encoding; save the file as UTF-8") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error


def _checked(model: type[Model], entry: object, where: str) -> Model:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise DataError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def unnamed_intents(labels: Sequence[str]) -> dict[str, Intent]:
    """Make readable names for labels that come without any: `card_arrival` becomes `Card arrival`."""
    names = {label: label.replace("_", " ").replace("-", " ").strip().capitalize() for label in labels}
    return {label: Intent(en=name, zh=name, action="answer") for label, name in names.items()}


def write(folder: Path, knowledge: Knowledge) -> None:
    """Write intents and articles into a run folder."""
    intents = {name: intent.model_dump() for name, intent in knowledge.intents.items()}
    (folder / "intents.yaml").write_text(yaml.safe_dump(intents, sort_keys=False, allow_unicode=True), encoding="utf-8")
    lines = [json.dumps(article.model_dump(), ensure_ascii=False) for article in knowledge.articles]
    (folder / "articles.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read(folder: Path, labels: Sequence[str] = (), hosts: Collection[str] = ()) -> Knowledge:
    """Read what `write` wrote; labels that a transfer added get a readable name and no article, links to `hosts` are trusted."""
    named = read_intents(folder / "intents.yaml")
    added = unnamed_intents([label for label in labels if label not in named])
    return Knowledge({**named, **added}, read_articles(folder / "articles.jsonl"), hosts)
