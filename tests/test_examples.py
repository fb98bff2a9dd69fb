"""Cleaning rows: whatever is changed or left out is counted, with its lines."""

import unicodedata
from pathlib import Path

import pytest

from verticals.config import DataConfig
from verticals.data.examples import Examples, Note, drop_repeats, merge_label_spellings
from verticals.data.loading import held_out_splits, load_splits, read_examples
from verticals.data.near_duplicates import near_duplicates
from verticals.data.splits import carve
from verticals.errors import DataError


def examples(*rows: tuple[str, str]) -> Examples:
    return Examples(tuple(text for text, _ in rows), tuple(label for _, label in rows), tuple(range(2, len(rows) + 2)))


def save(path: Path, rows: list[tuple[str, str]], header: str = "text,label") -> Path:
    path.write_text("\n".join([header, *(f'"{text}","{label}"' for text, label in rows)]) + "\n", encoding="utf-8")
    return path


def count(notes: list[Note] | tuple[Note, ...], code: str) -> int:
    return sum(note.count for note in notes if note.code == code)


def many(label: str, rows: int) -> list[tuple[str, str]]:
    return [(f"{label} number {n}", label) for n in range(rows)]


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def test_blank_texts_and_missing_labels_are_left_out_and_counted(tmp_path: Path) -> None:
    path = save(tmp_path / "rows.csv", [("good", "x"), ("  ", "x"), ("", "y"), ("lost", "")])
    kept, notes = read_examples(path, DataConfig())
    assert kept.texts == ("good",)
    assert [(note.code, note.count) for note in notes] == [("blank_text", 2), ("missing_label", 1)]
    assert "lines 3, 4" in notes[0].message


def test_labels_that_differ_by_case_or_space_become_the_most_frequent_spelling() -> None:
    merged, notes = merge_label_spellings(
        examples(("a", "Refund"), ("b", "Refund"), ("c", " refund "), ("d", "REFUND"), ("e", "other"))
    )
    assert merged.labels == ("Refund", "Refund", "Refund", "Refund", "other")
    assert count(notes, "label_spelling") == 2


def test_labels_and_texts_of_either_unicode_form_are_the_same() -> None:
    merged, notes = merge_label_spellings(examples(("grüße", "Käse"), (decomposed("grüße"), decomposed("Käse"))))
    assert merged.labels == ("Käse", "Käse")
    assert count(notes, "label_spelling") == 1
    assert drop_repeats(merged)[0].texts == ("grüße",)


def test_a_repeated_row_is_kept_once() -> None:
    kept, notes = drop_repeats(examples(("Hello there!", "x"), ("hello  there", "x"), ("bye", "y")))
    assert kept.texts == ("Hello there!", "bye")
    assert count(notes, "duplicate") == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Net profit +5 %", "Net profit -5 %"),
        ("Net profit -5 %", "Net profit 5 %"),
        ("loss of -$5m", "loss of $5m"),
        ("Parse JSON in C#", "Parse JSON in C++"),
        ("Parse JSON in C#", "Parse JSON in C"),
        ("great 👍", "great 👎"),
        ("का", "की"),
    ],
)
def test_texts_that_differ_by_a_sign_a_symbol_or_a_vowel_are_two(one: str, other: str) -> None:
    kept, notes = drop_repeats(examples((one, "x"), (other, "y")))
    assert (kept.texts, notes) == ((one, other), [])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a follow-up call", "A follow up call!"),
        ("- 2019-2020: up 5%", "2019 2020 up 5 %"),
        ("order #12", "order 12"),
        ("it can`t wait", "it can't wait"),
    ],
)
def test_texts_that_differ_by_punctuation_between_words_are_one(one: str, other: str) -> None:
    assert drop_repeats(examples((one, "x"), (other, "x")))[0].texts == (one,)


def test_conflicting_labels_keep_the_majority_and_nothing_on_a_tie() -> None:
    kept, notes = drop_repeats(examples(("a", "x"), ("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")))
    assert list(zip(kept.texts, kept.labels, strict=True)) == [("a", "x")]
    assert count(notes, "conflicting_label") == 3


def test_splits_are_stratified_seeded_and_lose_no_row() -> None:
    rows = examples(*many("x", 30), *many("y", 10))
    kept, held = carve(rows, 0.2, seed=1)
    assert held.labels.count("x") == 6
    assert held.labels.count("y") == 2
    assert sorted(kept.texts + held.texts) == sorted(rows.texts)
    assert carve(rows, 0.2, seed=1)[1] == held
    assert carve(rows, 0.2, seed=2)[1] != held


def test_a_class_with_one_row_is_trained_on_and_named(tmp_path: Path) -> None:
    path = save(tmp_path / "rows.csv", [*many("x", 20), *many("y", 20), ("alone", "z")])
    splits = load_splits(DataConfig(train=str(path)), seed=0)
    assert "alone" in splits.train.texts
    assert count(splits.notes, "single_row_class") == 1


def test_one_class_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least two classes, found 1"):
        load_splits(DataConfig(train=str(save(tmp_path / "rows.csv", many("x", 20)))), seed=0)


def test_too_few_rows_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="too few to hold out"):
        load_splits(DataConfig(train=str(save(tmp_path / "rows.csv", [("a", "x"), ("b", "y")]))), seed=0)


def test_a_refusal_of_too_few_rows_says_which_were_left_out(tmp_path: Path) -> None:
    rows = save(tmp_path / "rows.csv", [("same", "x")] * 20 + [("alike", "y")] * 20)
    with pytest.raises(DataError, match=r"rows\.csv: the 2 rows .*repeated rows left out: 38 \(lines 3, 4"):
        load_splits(DataConfig(train=str(rows)), seed=0)
    rows = save(tmp_path / "rows.csv", [*many("x", 20), ("tie", "x"), ("tie", "y")])
    with pytest.raises(DataError, match=r"found 1: \['x'\]; .*another label more often, or as often: 2"):
        load_splits(DataConfig(train=str(rows)), seed=0)


def test_four_rows_are_refused_with_a_number_that_can_be_held_out(tmp_path: Path) -> None:
    rows = save(tmp_path / "rows.csv", [*many("x", 2), *many("y", 2)])
    with pytest.raises(DataError, match="the 2 rows in 2 classes to choose from are too few to hold out 1"):
        load_splits(DataConfig(train=str(rows)), seed=0)


def test_test_rows_that_repeat_training_rows_are_named_and_kept(tmp_path: Path) -> None:
    train = save(tmp_path / "train.csv", [*many("x", 20), *many("y", 20)])
    test = save(tmp_path / "test.csv", [("X number 3!", "x"), ("something else entirely", "y")])
    splits = load_splits(DataConfig(train=str(train), test=str(test)), seed=0)
    assert len(splits.test) == 2
    assert count(splits.notes, "near_duplicate") == 1


def test_a_test_label_without_training_rows_is_counted_not_dropped(tmp_path: Path) -> None:
    train = save(tmp_path / "train.csv", [*many("x", 20), *many("y", 20)])
    test = save(tmp_path / "test.csv", [("one", "X"), ("two", "unheard of")])
    splits = load_splits(DataConfig(train=str(train), test=str(test)), seed=0)
    assert splits.test.labels == ("x", "unheard of")
    assert count(splits.notes, "unseen_label") == 1


def test_outside_rows_are_kept_apart_from_the_classes(tmp_path: Path) -> None:
    path = save(tmp_path / "rows.csv", [*many("x", 20), *many("y", 20), *many("OOS", 10)])
    splits = load_splits(DataConfig(train=str(path), outside_label="oos"), seed=0)
    assert splits.labels == ("x", "y")
    assert (len(splits.outside_validation), len(splits.outside_test)) == (0, 10)


def test_outside_rows_are_measured_on_whether_or_not_the_test_file_has_some(tmp_path: Path) -> None:
    train = save(tmp_path / "rows.csv", [*many("x", 20), *many("y", 20), *many("oos", 10)])
    without, own = save(tmp_path / "a.csv", many("x", 3)), save(tmp_path / "b.csv", [*many("x", 3), ("new", "oos")])
    for test, measured in ((without, 10), (own, 1)):
        splits = load_splits(DataConfig(train=str(train), test=str(test), outside_label="oos"), seed=0)
        assert (len(splits.outside_test), len(splits.outside_validation)) == (measured, 10 if test is own else 0)


def test_a_mistyped_outside_label_is_refused_and_not_learned_as_a_class(tmp_path: Path) -> None:
    path = save(tmp_path / "rows.csv", [*many("x", 20), *many("y", 20), *many("other", 10)])
    with pytest.raises(DataError, match=r"rows\.csv: no row has the outside label 'othr'; did you mean 'other'"):
        load_splits(DataConfig(train=str(path), outside_label="othr"), seed=0)
    test = save(tmp_path / "test.csv", [*many("x", 3), ("new", "othr")])
    assert "other" in load_splits(DataConfig(train=str(path), test=str(test), outside_label="othr"), seed=0).labels


def test_spellings_of_the_outside_label_in_a_test_file_are_one(tmp_path: Path) -> None:
    train = save(tmp_path / "rows.csv", [*many("x", 20), *many("y", 20)])
    test = save(tmp_path / "test.csv", [("a", "other"), ("b", "other"), ("c", "Other "), ("d", "X"), ("e", "y")])
    config = DataConfig(train=str(train), test=str(test), outside_label="other")
    for splits in (load_splits(config, seed=0), held_out_splits(test, config, ["x", "y"])):
        assert splits.outside_test.labels == ("other", "other", "other")
        assert splits.test.labels == ("x", "y")
        assert [each.message for each in splits.notes if each.code == "label_spelling"] == [
            "test.csv: labels that differ only by case, space or Unicode form merged: 2 (lines 4, 5)"
        ]


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_file_of_outside_rows_alone_measures_nothing_and_is_refused(tmp_path: Path, part: str) -> None:
    path = save(tmp_path / "rows.csv", [*many("x", 20), *many("y", 20)])
    only = save(tmp_path / "only.csv", many("other", 3))
    config = DataConfig.model_validate({"train": str(path), part: str(only), "outside_label": "other"})
    with pytest.raises(DataError, match=r"only\.csv: no row to measure"):
        load_splits(config, seed=0)
    with pytest.raises(DataError, match=r"only\.csv: no row to measure"):
        held_out_splits(only, config, ["x", "y"])


@pytest.mark.parametrize(("wanted", "expected"), [("txt", "did you mean 'text'"), ("zzz", "known: label, text")])
def test_an_absent_column_names_the_nearest(tmp_path: Path, wanted: str, expected: str) -> None:
    path = save(tmp_path / "rows.csv", many("x", 3))
    with pytest.raises(DataError, match=expected):
        read_examples(path, DataConfig(text=wanted))


def test_headers_with_stray_spaces_and_case_are_found(tmp_path: Path) -> None:
    kept, _ = read_examples(
        save(tmp_path / "rows.csv", many("x", 2), header=" Text , LABEL "), DataConfig(text="text", label="label")
    )
    assert len(kept) == 2


@pytest.mark.parametrize(("wanted", "header"), [("täxt", decomposed("täxt")), (decomposed("täxt"), "täxt")])
def test_headers_of_either_unicode_form_are_found(tmp_path: Path, wanted: str, header: str) -> None:
    kept, _ = read_examples(save(tmp_path / "rows.csv", many("x", 2), f"{header},label"), DataConfig(text=wanted))
    assert len(kept) == 2


@pytest.mark.parametrize("header", ["文本,标签", "内容,类别", "问题,意图", "评论,情感"])
def test_the_usual_chinese_headers_are_found(tmp_path: Path, header: str) -> None:
    path = tmp_path / "rows.csv"
    for encoding in ("utf-8-sig", "gb18030"):
        path.write_text(f"{header}\n我的包裹在哪里？,物流\n我要退款，怎么办理,退款\n", encoding=encoding)
        rows, _ = read_examples(path, DataConfig())
        assert (rows.texts, rows.labels) == (("我的包裹在哪里？", "我要退款，怎么办理"), ("物流", "退款"))


def test_the_fingerprint_changes_with_any_row(tmp_path: Path) -> None:
    rows = [*many("x", 20), *many("y", 20)]
    first = load_splits(DataConfig(train=str(save(tmp_path / "a.csv", rows))), seed=0)
    again = load_splits(DataConfig(train=str(save(tmp_path / "a.csv", rows))), seed=0)
    changed = load_splits(DataConfig(train=str(save(tmp_path / "a.csv", [*rows[:-1], ("new", "y")]))), seed=0)
    assert first.fingerprint() == again.fingerprint() != changed.fingerprint()


def test_near_duplicates_survive_punctuation_and_case_but_not_other_words() -> None:
    known = ["how do I unblock my PIN", "where is my card"]
    found = near_duplicates(known, ["How do I unblock my pin??", "completely different words"])
    assert [(pair.other, pair.text) for pair in found] == [(0, 0)]


def test_texts_without_any_word_have_no_near_duplicates() -> None:
    assert near_duplicates(["!!!", "???"], ["!!!"]) == []
