"""Public data sets are read whole, with the authors' own split."""

from pathlib import Path

import pytest

from verticals.data import public


@pytest.mark.parametrize(
    ("name", "classes", "learned", "tested", "outside"),
    [
        ("banking77", 77, 10_003, 3_080, 0),
        ("clinc150", 150, 18_000, 4_500, 1_000),
        ("phrasebank-50agree", 3, 3_877, 969, 0),
        ("phrasebank-allagree", 3, 1_810, 453, 0),
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
