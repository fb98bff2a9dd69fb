"""Texts with any number of labels: what is read, what is learned, how it is judged, and what a run keeps."""

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from toys import COMMON, WORDS, Outcome
from verticals import objectives, pilot
from verticals.config import Config, DataConfig, NoSettings, build
from verticals.data import label_sets
from verticals.errors import DataError
from verticals.evaluation.label_sets import best_threshold, judge, macro_f1, micro_f1
from verticals.methods.linear import any_of
from verticals.objectives.heads import any_class
from verticals.runs import open_run

LABELS = tuple(sorted(WORDS))


def write_rows(path: Path, count: int, start: int = 0) -> Path:
    """Write rows that have a class' label exactly where its words stand in the text: none, one, two or all of them."""
    lines = ["text,labels"]
    for number in range(start, start + count):
        own = [label for position, label in enumerate(LABELS) if number >> position & 1]
        words = [COMMON[number // 8 % 5], *(WORDS[label][(number // 8 + step) % 5] for label in own for step in (0, 2))]
        lines.append(f"{' '.join(words)} n{number % 40},{';'.join(own)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def config(folder: Path, method: str, backbone: Path, **train: object) -> Config:
    data = {"train": str(write_rows(folder / "train.csv", 160)), "test": str(write_rows(folder / "test.csv", 40, 160))}
    return build(
        [
            {
                "data": data,
                "method": {"name": method},
                "backbone": {"name": str(backbone), "max_tokens": 32},
                "train": train,
            }
        ],
        NoSettings,
        objectives.get("classify-multi").settings,
    )


def read(path: Path, *rows: str) -> tuple[label_sets.LabelSets, dict[str, int]]:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    sets, notes = label_sets.read(path, DataConfig(), ";")
    return sets, {each.code: each.count for each in notes}


def test_labels_are_split_spelled_alike_and_joined_over_repeated_texts(tmp_path: Path) -> None:
    sets, notes = read(
        tmp_path / "rows.csv",
        "text,labels",
        "first,Billing; refund",
        "second,billing",
        "First!,Billing;delivery",
        "third,",
        ",billing",
    )
    assert sets.texts == ("first", "second", "third")
    assert sets.labels == (("Billing", "delivery", "refund"), ("Billing",), ())
    assert sets.lines == (2, 3, 5)
    assert notes == {"repeated_text": 1, "no_label": 1, "blank_text": 1}


def test_labels_of_either_unicode_form_are_one(tmp_path: Path) -> None:
    sets, _ = read(tmp_path / "rows.csv", "text,labels", "first,Käse", f"second,{unicodedata.normalize('NFD', 'Käse')}")
    assert sets.labels == (("Käse",), ("Käse",))


@pytest.mark.parametrize("part", ["train", "test", "validation"])
def test_a_file_whose_texts_are_all_blank_is_refused(tmp_path: Path, part: str) -> None:
    blank = tmp_path / "blank.csv"
    blank.write_text("text,labels\n,card\n ,card\n", encoding="utf-8")
    config = DataConfig.model_validate({"train": str(write_rows(tmp_path / "train.csv", 80)), part: str(blank)})
    with pytest.raises(DataError, match=r"blank\.csv: no row has a text in 'text'"):
        label_sets.load(config, ";", 0)
    with pytest.raises(DataError, match=r"blank\.csv: no row has a text in 'text'"):
        label_sets.held_out(blank, config, ";", ["card"])


def test_a_list_of_labels_needs_no_separator(tmp_path: Path) -> None:
    row = json.dumps({"text": "first", "tags": ["a;b", "c"]})
    sets, _ = read(tmp_path / "rows.jsonl", row)
    assert sets.labels == (("a;b", "c"),)


def test_a_label_that_is_no_text_is_refused_with_its_line(tmp_path: Path) -> None:
    for cell in ({"name": "a"}, [{"name": "a"}]):
        with pytest.raises(
            DataError, match=r"rows\.jsonl: line 1: the label in 'tags' .*; expected one text or a list"
        ):
            read(tmp_path / "rows.jsonl", json.dumps({"text": "first", "tags": cell}))


def test_a_separator_that_separates_nothing_is_questioned(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,labels\n" + "".join(f"text {n},same\n" for n in range(20)), encoding="utf-8")
    with pytest.raises(DataError, match="is the separator ';'"):
        label_sets.load(DataConfig(train=str(path)), ";", 0)


def test_the_encoding_and_test_texts_that_nearly_repeat_are_noted(tmp_path: Path) -> None:
    train, test = write_rows(tmp_path / "train.csv", 80), tmp_path / "test.csv"
    test.write_text("text,labels\nentirely different,parcel\nWhere is MY lost parcel now?,parcel\n", encoding="utf-8")
    train.write_text(train.read_text(encoding="utf-8") + "where is my lost parcel now,parcel\n", encoding="utf-16")
    notes = label_sets.load(DataConfig(train=str(train), test=str(test)), ";", 0).notes
    found = {note.code: note.message for note in notes}
    assert found["encoding"] == "train.csv: read as utf-16, not plain UTF-8"
    assert found["near_duplicate"] == "test texts that nearly repeat a training text: 1 (lines 3)"


def test_a_label_that_was_never_learned_counts_as_missed(tmp_path: Path) -> None:
    train, test = write_rows(tmp_path / "train.csv", 80), tmp_path / "test.csv"
    test.write_text("text,labels\nwhere is my parcel,parcel;new\n", encoding="utf-8")
    settings = build([{"data": {"train": str(train), "test": str(test)}, "method": {"name": "tfidf"}}], NoSettings)
    objective = objectives.get("classify-multi")
    rows = objective.read(settings)
    assert [note.code for note in rows.notes if "test" in note.message] == ["unseen_label"]
    judged = objective.evaluate(objective.fit(rows, settings, tmp_path).model, rows)
    assert judged.metrics["subset_accuracy"].value == 0
    assert judged.metrics["micro_f1"].value == pytest.approx(2 / 3)  # one of two found, nothing wrong


def test_the_metrics_are_those_counted_by_hand() -> None:
    truth = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]])
    predicted = np.array([[1, 0, 0], [1, 0, 1], [0, 0, 0]])  # 2 right, 1 too many, 1 missed
    assert micro_f1(truth, predicted) == pytest.approx(4 / 6)
    assert macro_f1(truth, predicted) == pytest.approx(1 / 3)
    judged = judge(truth, predicted)
    assert judged.compared == "subset_accuracy"
    assert judged.metrics["subset_accuracy"].value == pytest.approx(2 / 3)
    assert micro_f1(truth * 0, predicted * 0) == macro_f1(truth * 0, predicted * 0) == 1


def test_the_threshold_is_the_one_that_separates_and_stays_at_an_even_chance_where_that_does() -> None:
    truth = np.array([[1], [1], [0], [0]])
    shifted = np.array([[-0.5], [-0.6], [-1.5], [-1.6]], np.float32)
    assert -1.5 < best_threshold(shifted, truth) < -0.6
    assert best_threshold(shifted + 1, truth) == 0


def test_what_all_rows_or_none_have_is_always_or_never_predicted() -> None:
    targets = np.array([[1, 0, 1], [1, 0, 0], [1, 0, 1]])
    vectors = np.array([[1.0], [-1.0], [2.0]], np.float32)
    (weight, bias), _ = any_class(targets, targets, 0).probe(vectors, vectors)
    assert ((vectors @ weight.T + bias > 0).astype(int) == targets).all()
    assert any_of(lambda: pytest.fail("nothing to fit"), vectors, targets[:, :2])[1].tolist() == [1, -1]


@pytest.mark.parametrize(
    ("method", "rates", "expected"),
    [
        ("tfidf", {}, 0.95),
        ("probe", {}, 0.8),  # as far as random vectors go
        ("full", {"learning_rate": 3e-3, "head_learning_rate": 1e-2}, 0.95),
        ("lora", {"learning_rate": 1e-2, "head_learning_rate": 1e-2}, 0.9),
    ],
)
def test_separable_labels_are_learned_and_the_run_reloads(
    tiny_backbone: Path, tmp_path: Path, method: str, rates: dict[str, float], expected: float
) -> None:
    run = pilot.tune(objectives.get("classify-multi"), config(tmp_path, method, tiny_backbone, epochs=12, **rates))
    assert run.metrics["metrics"]["micro_f1"]["value"] > expected
    rows = objectives.get("classify-multi").read(run.config)
    reloaded = objectives.get("classify-multi").load(open_run(run.folder))
    judged = objectives.get("classify-multi").evaluate(reloaded, rows)
    assert judged.metrics["micro_f1"].value == pytest.approx(run.metrics["metrics"]["micro_f1"]["value"], abs=1e-6)
    assert ("Tuning " in (run.folder / "README.md").read_text(encoding="utf-8")) is (method in {"full", "lora"})


def test_the_command_takes_another_separator(verticals: Callable[..., Outcome], tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.csv", 80)
    path.write_text(path.read_text(encoding="utf-8").replace(";", "|"), encoding="utf-8")
    arguments = ("tune", "classify-multi", "--data", path, "--method", "tfidf", "--json")
    outcome = verticals(*arguments, "--set", "objective.label_separator='|'")
    assert outcome.code == 0, outcome.err
    assert set(json.loads(outcome.out)["results"][0]["metrics"]) == {"micro_f1", "macro_f1", "subset_accuracy"}
