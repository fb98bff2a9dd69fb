"""What a person has to read although no rule of `escalation` names it: a message like the examples that went to one.

It is heard by what tells danger, distress, law, misuse of an account, complaints and wishes for a person from messages that an article
answers (`kinds`); the nearer an article comes to it in the search, the less likely it is trouble: a wish that no article grants sounds
like any other, and only what there are articles about tells it apart. The scores from which the alarm speaks, or doubts, are drawn on
examples that were held out, which sound like trouble and are none: a small share of them goes to a person in vain, a larger one is asked
back in vain.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from verticals.arrays import FloatArray
from verticals.config import Config
from verticals.data.examples import Examples
from verticals.data.splits import Splits, carve
from verticals.runs import write_json
from verticals_customer_service import kinds
from verticals_customer_service.kinds import NOTHING, Kinds, Learn
from verticals_customer_service.knowledge import Knowledge
from verticals_customer_service.retrieval import Embed

Relevances = Callable[[Sequence[str]], FloatArray]  # texts -> how relevant the nearest article is, [texts]
_FOLDER, _FILE = "alarm", "alarm.json"
_IN_VAIN, _ASKED_IN_VAIN = 0.015, 0.16  # chosen on the development conversations
# A point of relevance against log odds; chosen on messages by writers whom the alarm had not learned from (a trial, which is not kept).
_RELEVANCE_COUNTS = 4.0
_HELD_SHARE = 0.2


@dataclass(frozen=True)
class Trouble:
    """What kind of trouble a message is like, and whether that is certain enough to call a person."""

    kind: str
    certain: bool


@dataclass(frozen=True)
class Alarm:
    """Says which kind of trouble a message is like: it speaks where its score is above `line`, and doubts above `doubt`.

    The score is the log odds of any trouble, less `relevance_counts` for each point of the nearest article's relevance.
    """

    heard: Kinds
    line: float
    doubt: float
    relevance_counts: float = 0.0

    def trouble(self, message: str, relevance: float = 0.0) -> Trouble | None:
        """Return the trouble, or None where there is none."""
        logits = self.heard.logits([message])
        score = float(_scores(logits, np.float32(relevance), self.relevance_counts)[0])
        if score <= self.doubt:
            return None
        return Trouble(self.heard.labels[1 + int(logits[0, 1:].argmax())], score > self.line)


def fit(examples: Examples, messages: Examples, learn: Learn, relevances: Relevances, seed: int) -> Alarm:
    """Learn the kinds from most of the rows, and draw the lines on the others.

    Args:
        examples: messages with their kinds; where some of them are `NOTHING`, the lines are drawn on these.
        messages: ordinary messages with their kinds, most of them `NOTHING`.
        learn: what tells the kinds apart.
        relevances: how relevant the nearest article is to a message.
        seed: of what is held out.

    Raises:
        DataError: there are too few rows to hold any out.
    """
    labels = (NOTHING, *sorted(set(examples.labels + messages.labels) - {NOTHING}))
    (known, held), (ordinary, others) = (carve(rows, _HELD_SHARE, seed) for rows in (examples, messages))
    heard = learn(known + ordinary, held + others, labels)
    calm = [text for text, label in zip(held.texts, held.labels, strict=True) if label == NOTHING] or others.texts
    scores = _scores(heard.logits(calm), relevances(calm), _RELEVANCE_COUNTS)
    line, doubt = (float(np.quantile(scores, 1 - share, method="higher")) for share in (_IN_VAIN, _ASKED_IN_VAIN))
    return Alarm(heard, line, doubt, _RELEVANCE_COUNTS)


def _scores(logits: FloatArray, relevance: FloatArray | np.float32, counts: float) -> FloatArray:
    odds = np.logaddexp.reduce(logits[:, 1:], axis=1) - logits[:, 0]
    return np.asarray(odds - counts * relevance, np.float32)


def write(
    folder: Path,
    examples: Examples,
    splits: Splits,
    known: Knowledge,
    config: Config,
    embed: Embed,
    relevances: Relevances,
) -> None:
    """Learn from examples and from the training messages, whose intents say whether they go to a person, into a run folder."""
    train = splits.train
    heard = tuple(label if known.intents[label].action == "hand_over" else NOTHING for label in train.labels)
    alarm = fit(examples, replace(train, labels=heard), kinds.learner(config, embed), relevances, config.train.seed)
    (folder / _FOLDER).mkdir()
    alarm.heard.save(folder / _FOLDER)
    lines = {"line": alarm.line, "doubt": alarm.doubt, "relevance_counts": alarm.relevance_counts}
    write_json(folder / _FOLDER / _FILE, {"kinds": alarm.heard.labels, **lines})


def load(folder: Path, config: Config, embed: Embed) -> Alarm | None:
    """Read what `write` wrote; None where a run has no alarm.

    Raises:
        RunError: a file of it is missing.
    """
    path = folder / _FOLDER / _FILE
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    heard = kinds.load(path.parent, tuple(found["kinds"]), config, embed)
    line = float(found["line"])
    return Alarm(heard, line, float(found.get("doubt", line)), float(found.get("relevance_counts", 0.0)))
