"""Class weights: every class weighs the same in the probe and in the loss, however many rows it has."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import nn

from toys import toy_splits
from verticals.config import ClassifyConfig, NoSettings, build
from verticals.objectives import classify
from verticals.objectives.heads import balanced_weights, doubted, one_class

MANY, FEW = 90, 10


def overlapping() -> tuple[np.ndarray, np.ndarray]:
    """Return one-dimensional vectors of two classes that overlap, nine times as many of the first."""
    generator = np.random.default_rng(0)
    vectors = np.concatenate([generator.normal(0, 1, MANY), generator.normal(1, 1, FEW)])
    return vectors[:, None].astype(np.float32), np.array([0] * MANY + [1] * FEW)


def recalls(balanced: bool) -> list[float]:
    vectors, targets = overlapping()
    (weight, bias), _ = one_class(targets, targets, 2, balanced, 0).probe(vectors, vectors)
    predicted = (vectors @ weight.T + bias).argmax(axis=1)
    return [float((predicted[targets == each] == each).mean()) for each in (0, 1)]


def test_balanced_weights_are_scikit_learns_and_nothing_for_a_class_without_rows() -> None:
    _, targets = overlapping()
    expected = compute_class_weight("balanced", classes=np.array([0, 1]), y=targets)
    assert balanced_weights(targets, 3) == pytest.approx([*expected, 0.0])


def test_a_balanced_probe_finds_the_rare_class() -> None:
    plain, balanced = recalls(False), recalls(True)
    assert plain[1] < 0.2
    assert balanced[1] > 0.5


@pytest.mark.parametrize("rows", [MANY + FEW, 10])
def test_every_class_has_the_same_share_of_a_balanced_loss_though_most_batches_lack_one(rows: int) -> None:
    _, targets = overlapping()
    sure = torch.tensor([[2.0, 0.0]])  # of the frequent class, whatever the row

    class Fixed(nn.Module):
        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return sure.expand(rows, 2)

    def mean_loss(balanced: bool) -> float:
        loss, ids = one_class(targets, targets, 2, balanced, 0).loss, torch.zeros(1)
        batches = torch.from_numpy(targets).split(rows)
        each = [loss(Fixed(), {"input_ids": ids, "attention_mask": ids, "target": batch}) for batch in batches]
        return float(torch.stack(each).mean())

    right, wrong = (float(nn.functional.cross_entropy(sure, torch.tensor([each]))) for each in (0, 1))
    plain, balanced = mean_loss(False), mean_loss(True)
    assert plain == pytest.approx(0.9 * right + 0.1 * wrong)
    assert balanced == pytest.approx(0.5 * right + 0.5 * wrong)


@pytest.mark.parametrize("method", ["tfidf", "full"])
def test_a_classifier_is_trained_with_balanced_weights(tiny_backbone: Path, tmp_path: Path, method: str) -> None:
    splits = toy_splits()
    rare = [n for n, label in enumerate(splits.train.labels) if label != "refund" or n < 12]  # 4 rows beside 20 and 20
    skewed = replace(splits, train=splits.train.take(rare))

    def logits(class_weights: str) -> np.ndarray:
        sections = {
            "method": {"name": method},
            "backbone": {"name": str(tiny_backbone), "max_tokens": 32},
            "train": {"epochs": 2},
            "objective": {"class_weights": class_weights},
        }
        config = build([sections], NoSettings, ClassifyConfig)
        return classify.fit(skewed, config, tmp_path / class_weights).classifier.logits(splits.test.texts)

    gained = (logits("balanced") - logits("none")).mean(axis=0)
    assert splits.labels[int(gained.argmax())] == "refund"
    assert gained.max() > 0.01


def test_what_annotators_doubted_is_shared_by_the_other_classes_as_they_are_common() -> None:
    soft = doubted(np.array([0, 0, 0, 1, 2]), (1.0, 0.6, 1.0, 0.5, 1.0), 3)
    assert soft.sum(axis=1) == pytest.approx(np.ones(5))
    assert soft[1] == pytest.approx([0.6, 0.2, 0.2])
    assert soft[3] == pytest.approx([0.375, 0.5, 0.125])


def test_agreement_softens_the_loss_and_not_the_probe() -> None:
    vectors, targets = overlapping()
    hard, soft = (one_class(targets, targets, 2, False, 0, agreement) for agreement in ((), [0.9] * len(targets)))
    assert (hard.probe(vectors, vectors)[0][0] == soft.probe(vectors, vectors)[0][0]).all()
    assert hard.targets.shape == (len(targets),)
    assert soft.targets.shape == (len(targets), 2)
