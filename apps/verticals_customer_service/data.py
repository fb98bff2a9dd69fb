"""The rows the bot learns from: the samples written for this project, or the user's."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from verticals.config import Config, DataConfig
from verticals.data.columns import column
from verticals.data.examples import Examples, Note, as_text, label_key, note, text_key
from verticals.data.loading import load_splits, read_examples, with_leak_notes
from verticals.data.splits import Splits, carve
from verticals.data.table import read_table
from verticals.errors import DataError, did_you_mean, nearest
from verticals.runs import Run
from verticals_customer_service.knowledge import Intent, Knowledge, read_articles, read_intents, unnamed_intents
from verticals_customer_service.settings import Settings

_NAMED = 5  # articles or intents in one note
SAMPLES = Path(__file__).with_name("samples")


def splits(config: Config) -> Splits:
    """Return the splits that the settings name; without any, those of the shipped samples. Extra rows are trained on, never tested on."""
    made = load_splits(config.data, config.train.seed) if config.data.train else _samples(config)
    extra = Settings.model_validate(config.app).extra_rows
    return with_extra_rows(made, Path(extra)) if extra else made


def with_extra_rows(splits: Splits, path: Path) -> Splits:
    """Add the rows of a file to the training rows; the other parts stay as they are, so that runs can be compared on them.

    Rows of an unknown intent, and those that stand among the splits already, are left out and counted.

    Raises:
        DataError: the file cannot be read.
    """
    rows, notes = read_examples(path, DataConfig(text="text", label="intent"))
    everything = splits.train + splits.validation + splits.test + splits.outside_validation + splits.outside_test
    seen = {text_key(text) for text in everything.texts}
    unknown, repeated, kept = [], [], []
    for position, (text, label) in enumerate(zip(rows.texts, rows.labels, strict=True)):
        if label not in splits.labels:
            unknown.append(rows.lines[position])
        elif text_key(text) in seen:
            repeated.append(rows.lines[position])
        else:
            seen.add(text_key(text))
            kept.append(position)
    notes += [
        note("unknown_label", unknown, f"{path.name}: rows of an intent that the other rows do not have, left out"),
        note("duplicate", repeated, f"{path.name}: rows that are there already, left out"),
    ]
    added = Note("extra_rows", len(kept), f"{path.name}: rows added to the training rows: {len(kept)}")
    found = (*splits.notes, added, *(each for each in notes if each.count))
    return replace(splits, train=splits.train + rows.take(kept), notes=found)


def knowledge(config: Config, labels: Sequence[str]) -> Knowledge:
    """Return intents and articles; labels without an entry get a readable name and no article.

    Raises:
        DataError: a file cannot be read, an article answers an intent that there is not, or an intent is mistyped.
    """
    settings = Settings.model_validate(config.app)
    own = config.data.train is not None
    intents_file = Path(settings.intents) if settings.intents else None if own else SAMPLES / "intents.yaml"
    articles_file = Path(settings.articles) if settings.articles else None if own else SAMPLES / "articles.jsonl"
    named = _as_labelled(intents_file, labels) if intents_file else {}
    intents = {**named, **unnamed_intents([label for label in labels if label not in named])}
    articles = read_articles(articles_file) if articles_file else []
    for article in articles:
        for unknown in (intent for intent in article.intents if intent not in intents):
            raise DataError(
                f"{articles_file}: article '{article.id}': expected intents of the rows or of app.intents, found '{unknown}'"
                f"{did_you_mean(unknown, intents)}"
            )
    return Knowledge(intents, articles, settings.link_hosts)


def _as_labelled(path: Path, labels: Sequence[str]) -> dict[str, Intent]:
    """Read intents under the rows' spelling of them; the file may name more than there are rows of."""
    spelling = {label_key(label): label for label in labels}
    named: dict[str, Intent] = {}
    for name, intent in read_intents(path).items():
        label = spelling.get(label_key(name), name)
        if label in named:
            raise DataError(f"{path}: intent '{name}' stands there twice, as '{label}' too; keep one of them")
        named[label] = intent
    bare = [label for label in labels if label not in named]
    for name in (name for name in named if name not in labels):
        if nearest(name, bare):  # its action would be lost, such as that it always goes to a person
            raise DataError(f"{path}: no row has the intent '{name}'{did_you_mean(name, bare)}")
    return named


def unlearned(known: Knowledge, labels: Sequence[str]) -> list[Note]:
    """Name the intents of the settings' file that no row to learn from has."""
    names = [name for name in known.intents if name not in labels]
    message = (
        f"intents of app.intents that no training row has, so nobody is understood to have them: {', '.join(names)}"
    )
    return [Note("intent_without_rows", len(names), message)] if names else []


def from_samples(run: Run) -> bool:
    """Say whether a run learned from the shipped samples."""
    return run.config.data.train is None


def unanswerable(known: Knowledge) -> list[Note]:
    """Name the intents in which the bot has nothing to answer from."""
    answered = {intent for article in known.articles if known.quotable(article) for intent in article.intents}
    bare = [name for name, intent in known.intents.items() if intent.action == "answer" and name not in answered]
    if not bare:
        return []
    named = f"{', '.join(bare[:_NAMED])}{', ...' if len(bare) > _NAMED else ''}"
    message = f"intents without an article, which go to a person: {len(bare)} ({named}); write some and name their file by app.articles"
    return [Note("no_article", len(bare), message)]


def cut(known: Knowledge) -> list[Note]:
    """Name the articles that are not quoted as a whole."""
    found = known.untrusted()
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return [Note("cut_article", len(found), f"{'; '.join(found[:_NAMED])}{more}")] if found else []


def slots(config: Config) -> Path | None:
    """Return the file of tagged messages: the user's or, where the bot learns from the samples, theirs."""
    named = Settings.model_validate(config.app).slots
    return Path(named) if named else None if config.data.train else SAMPLES / "slots.jsonl"


def escalations(config: Config) -> Examples | None:
    """Return messages that need a person, and some that only sound so: the user's or, where the bot learns from the samples, theirs."""
    named = Settings.model_validate(config.app).escalations
    path = Path(named) if named else None if config.data.train else SAMPLES / "escalations.csv"
    return _examples(path, "text", "kind") if path else None


def _samples(config: Config) -> Splits:
    rows = _examples(SAMPLES / "utterances.csv", "text", "intent")
    rest, test = carve(rows, config.data.test_share, config.train.seed)
    train, validation = carve(rest, config.data.validation_share, config.train.seed)
    outside = _examples(SAMPLES / "outside.csv", "text", "kind")
    split = read_table(SAMPLES / "outside.csv").frame["split"]
    calibration, held = (
        outside.take(n for n, value in enumerate(split) if value == part) for part in ("calibration", "test")
    )
    labels = tuple(sorted(set(rows.labels)))
    return with_leak_notes(Splits("shipped", labels, train, validation, test, calibration, held))


def _examples(path: Path, text: str, label: str) -> Examples:
    table = read_table(path)
    texts, labels = (
        tuple(as_text(value) for value in table.frame[column(table, role, role, ())]) for role in (text, label)
    )
    return Examples(texts, labels, tuple(int(line) for line in table.frame.index))
