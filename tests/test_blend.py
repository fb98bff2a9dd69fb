"""A backbone and TF-IDF added up: the weight is the one that errs least, and a saved blend answers the same."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from toys import toy_config, toy_splits
from verticals import pilot
from verticals.arrays import FloatArray
from verticals.config import Config
from verticals.evaluation.report import probe_note
from verticals.inference.batches import Scores
from verticals.methods.one_pass import Reader
from verticals.methods.pieces import PieceVectors
from verticals.methods.tfidf import TfidfClassifier
from verticals.objectives import calibrated, classify
from verticals.objectives.blend import WEIGHTS, Blend

TEXTS = ("where is my parcel", "money back please", "what shade of blue")


class _Fixed:
    """A classifier that always gives these logits."""

    readers: tuple[Reader, ...] = ()

    def __init__(self, logits: Sequence[Sequence[float]]) -> None:
        self.labels = tuple(sorted({"colour", "parcel", "refund"}))
        self._logits = np.array(logits, np.float32)

    def score(self, texts: Sequence[str], progress: str | None = None) -> Scores:
        return Scores(self._logits, np.ones(len(texts), np.float32))

    def logits(self, texts: Sequence[str]) -> FloatArray:
        return self._logits

    def save(self, folder: Path) -> None:
        raise AssertionError("not saved here")


@pytest.fixture(scope="module")
def linear() -> TfidfClassifier:
    splits = toy_splits()
    targets = np.array([splits.labels.index(label) for label in splits.train.labels])
    return TfidfClassifier.fit(splits.train.texts, targets, splits.labels, 0)


TRUTH = np.array([1, 2, 0])  # parcel, refund, colour


def test_a_perfect_backbone_needs_no_help(linear: TfidfClassifier) -> None:
    assert Blend.fit(_Fixed(np.eye(3)[TRUTH].tolist()), linear, TEXTS, TRUTH).weight == 0.0


def test_a_backbone_that_knows_nothing_takes_the_smallest_help_that_suffices(linear: TfidfClassifier) -> None:
    blend = Blend.fit(_Fixed(np.zeros((3, 3)).tolist()), linear, TEXTS, TRUTH)
    assert blend.weight == WEIGHTS[1]
    assert (blend.score(TEXTS).logits.argmax(axis=1) == TRUTH).all()


def test_the_logits_are_a_weighted_sum(linear: TfidfClassifier) -> None:
    own = [[0.0, 3.0, 1.0]] * 3
    blend = Blend(_Fixed(own), linear, 2.0)
    assert blend.score(TEXTS).logits == pytest.approx(np.array(own) + 2 * linear.score(TEXTS).logits)


def test_a_blend_is_saved_and_reloaded_as_part_of_a_run(tiny_backbone: Path) -> None:
    plain = toy_config("probe", tiny_backbone)
    config = Config.model_validate({**plain.model_dump(), "objective": {"blend": True}})
    run = pilot.train_classifier("toy", config, toy_splits())  # proves its reload in a fresh process
    assert isinstance(classify.load(run.folder, run.labels, run.config), Blend)
    assert (run.folder / "vocabulary.json").is_file()
    head, linear = 3 * (32 + 1), TfidfClassifier.load(run.folder, run.labels).trained_parameters
    assert run.metrics["cost"]["trained_parameters"] == head + linear
    assert run.metrics["training"]["trained_parameters"] == head + linear


def test_what_tuning_gained_is_told_without_what_the_blend_adds(tiny_backbone: Path, tmp_path: Path) -> None:
    plain = toy_config("full", tiny_backbone, epochs=1, learning_rate=1e-9, head_learning_rate=1.0)  # spoils the head
    config, splits = plain.model_copy(update={"objective": {"blend": True}}), toy_splits()
    fitted = classify.fit(splits, config, tmp_path)
    assert isinstance(fitted.classifier, Blend)
    held, own = classify.known_targets(splits), fitted.classifier.encoder.logits(splits.validation.texts)
    details = calibrated.calibrated(fitted, splits, config).details
    assert details["tuned_validation_accuracy"] == (own.argmax(axis=1) == held).mean() < details["validation_accuracy"]
    assert details["tuned_validation_accuracy"] < details["probe_validation_accuracy"]
    (note,) = probe_note("full", details)
    assert note.startswith("Tuning did NOT gain")
    assert f"{details['tuned_validation_accuracy']:.1%} after" in note


def test_logits_alone_are_those_of_the_score(linear: TfidfClassifier) -> None:
    blend = Blend(_Fixed(np.eye(3).tolist()), linear, 2.0)
    assert (blend.logits(TEXTS) == blend.score(TEXTS).logits).all()


@pytest.mark.parametrize(
    "texts", [("退款", "物流", "地址", "密码"), ("😀😀", "🎁", "🚚 🚚", "💳"), ("a?", "b!", "c", "d")]
)
def test_short_and_wordless_texts_are_learned_and_saved(tmp_path: Path, texts: tuple[str, ...]) -> None:
    model = TfidfClassifier.fit(texts, np.arange(4), tuple("wxyz"), 0)
    assert model.logits(texts).argmax(axis=1).tolist() == [0, 1, 2, 3]
    model.save(tmp_path)
    assert (TfidfClassifier.load(tmp_path, model.labels).logits(texts) == model.logits(texts)).all()


def test_pieces_counted_word_by_word_are_those_of_the_vectorizer() -> None:
    fitted = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True).fit(TEXTS)
    texts = [*TEXTS, "", "Parcel parcel PARCEL", "  a\u00a0shade ", "unknown", "money money"]
    assert PieceVectors(fitted).transform(texts).toarray() == pytest.approx(fitted.transform(texts).toarray())
