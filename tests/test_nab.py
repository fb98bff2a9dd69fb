"""The NAB scorer: its definition on series with a provable score, and the published scores of a published detector."""

import json
from pathlib import Path

import numpy as np
import pytest

from verticals.arrays import BoolArray
from verticals.config import Config
from verticals.errors import DataError
from verticals_financial_sentiment import nab
from verticals_financial_sentiment.benchmark_nab import nab_realtweets
from verticals_financial_sentiment.detection_baselines import windowed_gaussian
from verticals_financial_sentiment.nab import Series

ROWS, FIRST, LAST = 1000, 400, 499
PUBLISHED = {  # windowedGaussian_standard_scores.csv of github.com/numenta/NAB: score, detected rows inside and outside windows
    "AAPL": (1.5139968362565832, 42, 24),
    "AMZN": (1.5584829945714498, 10, 20),
    "CRM": (0.7638457640937151, 10, 0),
    "CVS": (0.77368206139354, 22, 18),
    "FB": (0.11975027819081463, 6, 15),
    "GOOG": (-0.14677735516717338, 23, 9),
    "IBM": (-0.7991094792289368, 14, 25),
    "KO": (-0.914196106944424, 22, 33),
    "PFE": (0.26557999349038663, 7, 12),
    "UPS": (-2.205164668202926, 57, 63),
}


@pytest.fixture
def file() -> Series:
    return Series("TOY", np.arange(ROWS) * 300, np.zeros(ROWS), ((FIRST, LAST),))


@pytest.fixture
def tweets(public_data: Path) -> list[Series]:
    if not (public_data / "nab_realtweets").is_dir():
        pytest.skip(f"{public_data} has no folder nab_realtweets")
    return nab.read(public_data / "nab_realtweets")


def at(*rows: int) -> BoolArray:
    detected = np.zeros(ROWS, bool)
    detected[list(rows)] = True
    return detected


def test_the_opening_of_the_window_earns_all_and_silence_costs_the_window(file: Series) -> None:
    assert nab.score(file, at(FIRST)).raw == pytest.approx(1.0)
    assert nab.score(file, at()).raw == -1.0


def test_only_the_earliest_detection_in_a_window_counts(file: Series) -> None:
    both = nab.score(file, at(FIRST + 20, FIRST + 30))
    assert both == nab.score(file, at(FIRST + 20))
    assert both.delays == (20 * 300,)


def test_earlier_is_worth_more(file: Series) -> None:
    rewards = [nab.score(file, at(row)).raw for row in range(FIRST, LAST + 1)]
    assert rewards == sorted(rewards, reverse=True)
    assert rewards[-1] > 0


def test_a_false_alarm_costs_by_its_distance_from_the_window_before(file: Series) -> None:
    just_after, later, far = (nab.score(file, at(FIRST, row)).raw for row in (LAST + 1, LAST + 50, LAST + 400))
    assert 1.0 > just_after > later > far
    assert far == pytest.approx(1.0 - 0.11)
    assert nab.score(file, at(FIRST - 1, FIRST)).raw == pytest.approx(1.0 - 0.11)


def test_nothing_in_the_probation_counts(file: Series) -> None:
    assert nab.score(file, at(0, 149)) == nab.score(file, at())
    assert nab.probation(ROWS) == 150
    assert nab.probation(50_000) == 750


def test_a_window_inside_the_probation_is_no_window() -> None:
    early = Series("TOY", np.arange(ROWS), np.zeros(ROWS), ((10, 40),))
    assert nab.score(early, at(20)) == nab.FileScore(0.0, 0, (), 0)


def test_silence_is_0_and_perfection_100() -> None:
    assert nab.normalise(-33.0, 33) == 0.0
    assert nab.normalise(33.0, 33) == 100.0
    assert nab.normalise(-44.75 - 71.25, 116) == 0.0


def test_a_window_that_ends_on_no_row_is_named(tmp_path: Path) -> None:
    (tmp_path / "Twitter_volume_TOY.csv").write_text("timestamp,value\n2015-03-01 00:00:00,1\n")
    (tmp_path / "combined_windows.json").write_text(
        '{"Twitter_volume_TOY.csv": [["2015-03-01 00:00:00.000000", "2015-03-02 00:00:00.000000"]]}'
    )
    with pytest.raises(DataError, match=r"Twitter_volume_TOY\.csv: a window begins or ends"):
        nab.read(tmp_path)


def test_the_published_scores_of_the_windowed_gaussian_come_out(tweets: list[Series]) -> None:
    total = 0.0
    for file in tweets:
        detected = windowed_gaussian(file.values) >= 1.0
        scored = nab.score(file, detected)
        inside = sum(int(detected[first : last + 1].sum()) for first, last in file.windows)
        assert (inside, scored.false_alarms) == PUBLISHED[file.name][1:], file.name
        assert scored.raw == pytest.approx(PUBLISHED[file.name][0], abs=1e-12), file.name
        total += scored.raw
    assert nab.normalise(total, 33) == pytest.approx(51.4, abs=0.05)


def test_the_benchmark_says_where_the_data_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VERTICALS_DATA", raising=False)
    with pytest.raises(DataError, match=r"VERTICALS_DATA is not set; get it from github.com/numenta/NAB, .* \(MIT\)"):
        nab_realtweets(Config())


def test_the_suite_reaches_its_goal_beside_its_baselines(tweets: list[Series]) -> None:
    rows = {row["method"]: row for row in nab_realtweets(Config())}
    ours = rows["seasonal-sigma"]["metrics"]
    assert ours["nab_score"]["value"] >= 75
    assert ours["nab_score_left_out"]["value"] >= 72
    assert ours["mean_delay_minutes"]["value"] > 0
    assert rows["windowed-gaussian"]["metrics"]["nab_score"]["value"] == pytest.approx(51.4, abs=0.05)
    assert rows["seasonal-sigma-averaged"]["metrics"]["nab_score_left_out"]["value"] >= 75
    others = [row["metrics"] for name, row in rows.items() if not name.startswith("seasonal-sigma")]
    assert all(ours["nab_score"]["value"] > other["nab_score"]["value"] for other in others)
    json.dumps(list(rows.values()))
