"""Public data sets are read whole, with the authors' own split."""

from pathlib import Path

import pytest

from verticals.config import DataConfig
from verticals.data import public
from verticals.data.loading import load_splits
from verticals.errors import DataError


@pytest.mark.parametrize(
    ("name", "classes", "learned", "tested", "outside"),
    [
        ("banking77", 77, 10_003, 3_080, 0),
        ("clinc150", 150, 18_000, 4_500, 1_000),
        ("phrasebank-50agree", 3, 3_877, 969, 0),
        ("phrasebank-allagree", 3, 1_810, 453, 0),
        ("ohsumed", 23, 3_357, 4_043, 0),
    ],
)
def test_no_row_is_lost(public_data: Path, name: str, classes: int, learned: int, tested: int, outside: int) -> None:
    folder = public.PUBLIC[name].folder
    if not (public_data / folder).is_dir():
        pytest.skip(f"{public_data} has no folder {folder}")
    splits = public.load(name, seed=0)
    assert len(splits.labels) == classes
    assert len(splits.train) + len(splits.validation) == learned
    assert (len(splits.test), len(splits.outside_test)) == (tested, outside)


def test_a_phrase_has_the_agreement_of_the_highest_level_it_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"Profit rose in quarter {n}@{'positive' if n % 2 else 'neutral'}" for n in range(40)]
    folder = tmp_path / "financial_phrasebank"
    folder.mkdir()
    for level, count in (("50", 40), ("66", 20), ("75", 10), ("All", 5)):
        (folder / f"Sentences_{level}Agree.txt").write_text("\n".join(lines[:count]), encoding="latin-1")
    monkeypatch.setenv("VERTICALS_DATA", str(tmp_path))
    train = public.load("phrasebank-50agree", 0).train
    expected = {n: 1.0 if n < 5 else 0.87 if n < 10 else 0.7 if n < 20 else 0.58 for n in range(40)}
    assert train.agreement == tuple(expected[line - 1] for line in train.lines)


def test_the_intents_of_snips_are_read_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("train", "valid", "test"):
        folder = tmp_path / "snips" / part
        folder.mkdir(parents=True)
        (folder / "seq.in").write_text(f"sing {part} \nrate {part}\n", encoding="utf-8")
        (folder / "label").write_text("Play\nRate\n", encoding="utf-8")
    monkeypatch.setenv("VERTICALS_DATA", str(tmp_path))
    splits = public.load("snips", 0)
    assert (splits.labels, splits.train.texts, splits.test.labels) == (
        ("Play", "Rate"),
        ("sing train", "rate train"),
        ("Play", "Rate"),
    )
    (tmp_path / "snips" / "test" / "label").write_text("Play\n", encoding="utf-8")
    with pytest.raises(DataError, match="2 texts but 1 labels"):
        public.load("snips", 0)


@pytest.mark.parametrize("name", public.PUBLIC)
def test_a_folder_that_lacks_its_files_is_one_line_with_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    dataset = public.PUBLIC[name]
    (tmp_path / dataset.folder).mkdir()
    monkeypatch.setenv("VERTICALS_DATA", str(tmp_path))
    with pytest.raises(DataError, match=f"no such file|get it again from {dataset.source}"):
        public.load(name, 0)


@pytest.mark.parametrize(
    "beside",
    [{"test": "mine.csv"}, {"validation": "mine.csv"}, {"text": "body"}, {"label": "kind"}, {"outside_label": "oos"}],
)
def test_nothing_beside_a_public_name_is_ignored(beside: dict[str, str]) -> None:
    with pytest.raises(DataError, match=f"snips: .*leave data.{next(iter(beside))} out"):
        load_splits(DataConfig(train="snips").model_copy(update=beside), seed=0)
