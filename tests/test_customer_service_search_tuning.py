"""The search of a tuned bot: what it learns from, and when it is kept."""

from pathlib import Path

import pytest

from toys import settings
from verticals.config import home
from verticals_customer_service import retrieval, search_tuning
from verticals_customer_service.knowledge import Article


def article(name: str, count: int) -> Article:
    asked = tuple(f"{name} n{number}" for number in range(count))
    return Article(id=name, title=name.upper(), intents=(name,), question="Which?", asked=asked, text="It depends.")


def test_each_way_of_asking_belongs_to_its_article_and_some_of_each_are_held_out() -> None:
    splits = search_tuning.pairs([article("lamp", 12), article("sofa", 8)], seed=0)
    assert splits is not None
    assert len(splits.train) + len(splits.test) == 20
    assert not set(splits.train.left) & set(splits.test.left)
    assert {left.split()[0] for left in splits.test.left} == {"lamp", "sofa"}
    for part in (splits.train, splits.test):
        assert list(part.right) == [f"{left.split()[0].upper()}\nWhich?" for left in part.left]


def test_a_few_ways_of_asking_teach_no_search() -> None:
    assert search_tuning.pairs([article("lamp", 12), article("sofa", 3)], seed=0) is None


@pytest.mark.parametrize(("tuned", "kept"), [(0.8, True), (0.7, False), (0.6, False)])
def test_a_search_is_kept_where_it_finds_more_than_the_backbone_as_it_came(tuned: float, kept: bool) -> None:
    rows = [{"method": name, "metrics": {"mrr": {"value": value}}} for name, value in (("bm25", 0.9), ("untuned", 0.7))]
    measured = {"metrics": {"mrr": {"value": tuned}}, "baseline": rows[0], "references": rows[1:]}
    assert search_tuning.gained(measured) is kept


def test_a_run_folder_gets_a_search_that_loads_or_none_and_nothing_is_left_behind(
    tiny_backbone: Path, tmp_path: Path
) -> None:
    config = settings(backbone={"name": str(tiny_backbone), "max_tokens": 32})
    search_tuning.write(tmp_path, config, [article("lamp", 12), article("sofa", 12)])
    assert retrieval.matcher(tmp_path, config).embed(["lamp n1"]).shape[0] == 1
    assert not [path for path in (home() / search_tuning.APP).iterdir() if not path.name.startswith(".")]
