"""Tag metrics against seqeval and scikit-learn."""

import numpy as np
import pytest
from seqeval.metrics import f1_score, precision_score, recall_score
from sklearn.metrics import classification_report

from verticals.data.tag_schemes import Tags, from_iob2
from verticals.evaluation.tagging import judge

TAGS = ("O", "B-X", "I-X", "B-Y", "I-Y")
TRUTH: list[Tags] = [("B-PER", "I-PER", "O", "B-LOC"), ("O", "B-LOC", "B-LOC", "O"), ("O", "O", "O", "O")]
PREDICTED: list[Tags] = [("B-PER", "O", "O", "B-LOC"), ("O", "B-LOC", "I-LOC", "O"), ("O", "O", "O", "O")]


@pytest.mark.parametrize("seed", range(4))
def test_values_equal_seqeval_and_scikit_learn(seed: int) -> None:
    generator = np.random.default_rng(seed)
    lengths = generator.integers(1, 7, 5)
    truth, predicted = ([tuple(generator.choice(TAGS, n).tolist()) for n in lengths] for _ in range(2))
    values = {name: each.value for name, each in judge(predicted, truth).metrics.items()}
    lists = [list(tags) for tags in truth], [list(tags) for tags in predicted]
    assert values["entity_f1"] == pytest.approx(f1_score(*lists))
    assert values["entity_precision"] == pytest.approx(precision_score(*lists))
    assert values["entity_recall"] == pytest.approx(recall_score(*lists))
    flat = [[tag for tags in side for tag in tags] for side in (truth, predicted)]
    report = classification_report(*flat, output_dict=True, zero_division=0)
    assert values["token_micro_f1"] == pytest.approx(report["accuracy"])
    assert values["token_macro_f1"] == pytest.approx(report["macro avg"]["f1-score"])


def test_a_worked_example() -> None:
    judged = judge(PREDICTED, TRUTH)
    values = {name: each.value for name, each in judged.metrics.items()}
    # true: PER 0-2, LOC, LOC, LOC; found: PER 0-1, LOC, LOC 1-3; right: one LOC
    assert values["entity_precision"] == pytest.approx(1 / 3)
    assert values["entity_recall"] == pytest.approx(1 / 4)
    assert values["entity_f1"] == pytest.approx(2 / 7)
    assert values["sentence_accuracy"] == pytest.approx(1 / 3)
    assert values["token_micro_f1"] == pytest.approx(10 / 12)
    assert judged.details["types"]["LOC"]["recall"] == pytest.approx(1 / 3, abs=1e-6)
    assert (judged.details["types"]["PER"]["f1"], judged.details["types"]["PER"]["support"]) == (0.0, 1)
    assert judged.details["tags"]["I-PER"]["recall"] == 0.0
    assert judged.details["tags"]["B-LOC"]["precision"] == 1.0
    assert "token_macro_f1_iob1" not in values
    assert all(each.low <= each.value <= each.high for each in judged.metrics.values())


def test_a_file_in_another_scheme_is_also_judged_in_its_own() -> None:
    values = {name: each.value for name, each in judge(PREDICTED, TRUTH, "IOB1").metrics.items()}
    own = [[tag for tags in side for tag in from_iob2(tags, "IOB1")] for side in (TRUTH, PREDICTED)]
    report = classification_report(*own, output_dict=True, zero_division=0)
    assert values["token_macro_f1_iob1"] == pytest.approx(report["macro avg"]["f1-score"])
    assert values["token_macro_f1_iob1"] != pytest.approx(values["token_macro_f1"])


def test_the_gain_of_a_perfect_tagger_over_a_blind_one_is_everything() -> None:
    perfect, blind = judge(TRUTH[:2], TRUTH[:2]), judge([("O",) * 4] * 2, TRUTH[:2])
    gain = perfect.gain_over(blind)
    assert (gain.low, gain.value) == (1.0, 1.0)
    same = perfect.gain_over(perfect)
    assert (same.low, same.high) == (0.0, 0.0)


def test_sentences_without_any_entity_have_no_types_and_right_words() -> None:
    judged = judge([("O", "O")], [("O", "O")])
    assert judged.details["types"] == {}
    assert judged.metrics["entity_f1"].value == 0.0
    assert judged.metrics["token_macro_f1"].value == 1.0
