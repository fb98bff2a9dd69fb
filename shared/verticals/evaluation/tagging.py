"""What a tagger is worth: entities found whole, and words tagged right, each with an interval over sentences."""

from collections.abc import Sequence

import numpy as np
from seqeval.metrics import classification_report
from seqeval.metrics.sequence_labeling import get_entities

from verticals.arrays import Float64Array, IntArray
from verticals.data.tag_schemes import Scheme, Tags, from_iob2
from verticals.evaluation.judgement import Judgement
from verticals.evaluation.metrics import Estimate, bootstrap, mean

_RIGHT, _PREDICTED, _TRUE = range(3)
Quality = dict[str, float | int]  # precision, recall, f1, and support: the number of true ones


def judge(predicted: Sequence[Tags], truth: Sequence[Tags], scheme: Scheme = "IOB2") -> Judgement:
    """Judge predicted IOB2 tags, sentence by sentence.

    Entities are counted as seqeval and conlleval do: right where type and both ends are. Words are counted as scikit-learn's
    classification_report does, O included: the micro average is the accuracy, the macro average is over the tags that occur. Tags
    depend on the scheme; where the test file is not in IOB2, `token_macro_f1` is of IOB2 tags and, for IOB1 say, `token_macro_f1_iob1`
    of the file's own.

    Args:
        predicted: tags of every sentence.
        truth: true tags of the same sentences.
        scheme: the test file's own.
    """
    counts = entity_counts(predicted, truth).astype(float)
    names, words = token_counts(predicted, truth)
    metrics = {
        "entity_f1": bootstrap(_f1, counts),
        "entity_precision": bootstrap(lambda rows: _share(rows[:, _RIGHT], rows[:, _PREDICTED]), counts),
        "entity_recall": bootstrap(lambda rows: _share(rows[:, _RIGHT], rows[:, _TRUE]), counts),
        "sentence_accuracy": bootstrap(mean, np.array([a == b for a, b in zip(predicted, truth, strict=True)])),
        **_token_metrics(words, ""),
    }
    if scheme != "IOB2":
        own = ([from_iob2(tags, scheme) for tags in rows] for rows in (predicted, truth))
        metrics |= _token_metrics(token_counts(*own)[1], f"_{scheme.lower()}")
    details = {"types": _types(predicted, truth), "tags": _tags(names, words)}
    return Judgement(metrics, "entity_f1", counts, details, _f1)


def entity_counts(predicted: Sequence[Tags], truth: Sequence[Tags]) -> IntArray:
    """Count the entities that are right, predicted and true, [sentences, 3]."""
    rows = []
    for ours, theirs in zip(predicted, truth, strict=True):
        found, wanted = set(get_entities(list(ours))), set(get_entities(list(theirs)))
        rows.append((len(found & wanted), len(found), len(wanted)))
    return np.array(rows, dtype=np.int64)


def token_counts(predicted: Sequence[Tags], truth: Sequence[Tags]) -> tuple[list[str], IntArray]:
    """Return the tags that occur and, for each sentence and tag, the words that are right, predicted and true, [sentences, tags, 3]."""
    names = sorted({tag for rows in (predicted, truth) for tags in rows for tag in tags})
    number = {tag: position for position, tag in enumerate(names)}
    counts = np.zeros((len(truth), len(names), 3), dtype=np.int64)
    for row, (ours, theirs) in enumerate(zip(predicted, truth, strict=True)):
        for found, wanted in zip(ours, theirs, strict=True):
            counts[row, number[found], _PREDICTED] += 1
            counts[row, number[wanted], _TRUE] += 1
            counts[row, number[wanted], _RIGHT] += found == wanted
    return names, counts


def _token_metrics(counts: IntArray, ending: str) -> dict[str, Estimate]:
    def micro(rows: IntArray) -> float:
        return _share(rows[..., _RIGHT], rows[..., _TRUE])

    def macro(rows: IntArray) -> float:
        total = rows.sum(axis=0)
        present = total[:, _PREDICTED] + total[:, _TRUE] > 0
        return float(np.mean(2 * total[present, _RIGHT] / (total[present, _PREDICTED] + total[present, _TRUE])))

    return {f"token_micro_f1{ending}": bootstrap(micro, counts), f"token_macro_f1{ending}": bootstrap(macro, counts)}


def _f1(counts: IntArray | Float64Array) -> float:
    right, predicted, true = counts.reshape(-1, 3).sum(axis=0)
    return float(2 * right / (predicted + true)) if predicted + true else 0.0


def _share(part: IntArray | Float64Array, whole: IntArray | Float64Array) -> float:
    return float(part.sum() / whole.sum()) if whole.sum() else 0.0


def _types(predicted: Sequence[Tags], truth: Sequence[Tags]) -> dict[str, Quality]:
    """Return the quality of each type of entity, as seqeval reports it."""
    sides = [list(tags) for tags in truth], [list(tags) for tags in predicted]
    if not any(get_entities(side) for side in sides):  # seqeval would take the mean of nothing
        return {}
    report = classification_report(*sides, output_dict=True, zero_division=0)
    return {
        name: _quality(row["precision"], row["recall"], row["f1-score"], row["support"])
        for name, row in report.items()
        if not name.endswith(" avg")
    }


def _tags(names: Sequence[str], counts: IntArray) -> dict[str, Quality]:
    """Return the quality of each tag, O included."""
    return {
        name: _quality(
            _share(column[:, _RIGHT], column[:, _PREDICTED]),
            _share(column[:, _RIGHT], column[:, _TRUE]),
            _f1(column),
            column[:, _TRUE].sum(),
        )
        for name, column in zip(names, counts.transpose(1, 0, 2), strict=True)
    }


def _quality(precision: float, recall: float, f1: float, support: int) -> Quality:
    rounded = {"precision": precision, "recall": recall, "f1": f1}
    return {**{name: round(float(value), 6) for name, value in rounded.items()}, "support": int(support)}
