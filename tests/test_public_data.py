"""Public data sets are read whole, with the authors' own split."""

from pathlib import Path

import pytest

from verticals.data import public


@pytest.mark.parametrize(
    ("name", "classes", "learned", "tested", "outside"),
    [("banking77", 77, 10_003, 3_080, 0), ("clinc150", 150, 18_000, 4_500, 1_000)],
)
def test_no_row_is_lost(public_data: Path, name: str, classes: int, learned: int, tested: int, outside: int) -> None:
    if not (public_data / name).is_dir():
        pytest.skip(f"{public_data} has no folder {name}")
    splits = public.load(name, seed=0)
    assert len(splits.labels) == classes
    assert len(splits.train) + len(splits.validation) == learned
    assert (len(splits.test), len(splits.outside_test)) == (tested, outside)
