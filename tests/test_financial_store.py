"""The database: a step is written whole or not at all, and a restart goes on as if nothing had happened."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, text

from verticals import storage
from verticals.errors import DataError, StorageError
from verticals_financial_sentiment import tables
from verticals_financial_sentiment.linking import Linker
from verticals_financial_sentiment.records import Headline, Opinion
from verticals_financial_sentiment.rows import Kept
from verticals_financial_sentiment.store import Step, Store
from verticals_financial_sentiment.stories import Placement, StoryBook
from verticals_financial_sentiment.symbols import Symbol

START = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
LINKER = Linker((Symbol("ARDF", "Ardent Foods"), Symbol("QVN", "Quorvane Systems", ("Quorvane",))))
WINDOW = timedelta(hours=3)
TITLES = (
    "Ardent Foods cuts outlook after cereal recall",
    "Ardent Foods cuts outlook after cereal recall, sources say",
    "Ardent Foods profit up 5% as cereal sells well",
    "Ardent Foods profit up 7% as cereal sells well",
    "Quorvane wins a large cloud contract in Norway",
)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store.open(database_url)
    yield opened
    opened.close()


def headlines(count: int) -> list[Headline]:
    return [
        Headline(f"source {n % 7}", at, at, TITLES[n % len(TITLES)], "A body." if n % 3 else "", stamp=str(n))
        for n in range(count)
        for at in [START + timedelta(minutes=11 * n)]
    ]


def count(store: Store, book: StoryBook, items: list[Headline], offset: str) -> list[Placement]:
    """Do what the monitor does with one batch: pass over what is known, fold, keep."""
    known = store.known([item.id for item in items])
    kept = []
    for item in items:
        if item.id not in known:
            links = LINKER.link(item.text)
            opinions = tuple(Opinion(ticker, 0.2, 0.3, 0.5) for ticker in links.tickers)
            kept.append(Kept(item, opinions, book.fold(item, links)))
    store.save(Step("replay day.csv", offset, kept, book.changes()))
    return [each.placement for each in kept]


def test_a_restart_folds_as_if_nothing_had_happened(store: Store) -> None:
    items = headlines(60)
    undisturbed, book = StoryBook(WINDOW), None
    expected = [undisturbed.fold(item, LINKER.link(item.text)) for item in items]
    placed = []
    for start in range(0, 60, 10):
        book = store.book(WINDOW, 1000)  # a restart before every batch
        placed += count(store, book, items[start : start + 10], str(start + 10))
    assert placed == expected
    assert store.offset("replay day.csv") == "60"


def test_an_item_counts_once_however_often_it_comes(store: Store) -> None:
    items = headlines(10)
    book = store.book(WINDOW, 1000)
    count(store, book, items, "10")
    assert count(store, book, items, "10") == []
    assert len(store.headlines()) == 10


def test_a_step_is_written_whole_or_not_at_all(store: Store) -> None:
    items, book = headlines(3), StoryBook(WINDOW)
    count(store, book, items[:1], "1")
    kept = [Kept(item, (), book.fold(item, LINKER.link(item.text))) for item in (items[1], items[0])]
    with pytest.raises(StorageError, match=r"(?i)unique.*nothing of this step was written"):
        store.save(Step("replay day.csv", "2", kept, book.changes(), states={"index": 1}))
    assert (store.offset("replay day.csv"), len(store.headlines()), store.states()) == ("1", 1, {})


def test_headlines_are_found_by_story_and_by_company(store: Store) -> None:
    placed = count(store, StoryBook(WINDOW), headlines(5), "5")
    assert [row["title"] for row in store.headlines(story=placed[0].story)] == [TITLES[1], TITLES[0]]
    (row,) = store.headlines(ticker="QVN")
    assert (row["title"], row["negative"], row["published"]) == (TITLES[4], 0.5, START + timedelta(minutes=44))
    assert row["gains"] == pytest.approx({"QVN": 1})


ALERT = {
    "id": "a1",
    "ticker": "ARDF",
    "time": START,
    "kind": "negative",
    "severity": "high",
    "score": 6.2,
    "reason": {"en": "why", "zh": "原因"},
    "stories": ["s1"],
    "single_source": False,
}


def test_alerts_are_answered_and_delivered_once(store: Store) -> None:
    store.save(Step(alerts=[ALERT]))
    assert store.alerts() == [{**ALERT, "state": "new"}]
    store.save(Step(answers={"a1": "false_alarm"}))
    assert [alert["id"] for alert in store.alerts("false_alarm")] == ["a1"]
    assert store.alerts("new") == []
    assert not store.sent("a1", "webhook")
    store.record("a1", "webhook")
    assert store.sent("a1", "webhook")
    assert not store.sent("a1", "mail")
    with pytest.raises(DataError, match="no alert 'a2'"):
        store.alert("a2")


def test_states_and_points_come_back_as_they_were(store: Store) -> None:
    store.save(
        Step(
            points=[("ARDF", 300, {"mood": 0.1 + 0.2}), ("ARDF", 0, {"mood": 1})],
            states={"index ARDF": {"signed": 1e-17}},
        )
    )
    store.save(Step(states={"budget": [1, 2], "index ARDF": {"signed": 0.1}}))
    assert store.points("ARDF") == [(0, {"mood": 1}), (300, {"mood": 0.1 + 0.2})]
    assert store.points("ARDF", 300) == [(300, {"mood": 0.1 + 0.2})]
    assert store.states() == {"budget": [1, 2], "index ARDF": {"signed": 0.1}}


def test_what_is_old_is_forgotten_and_counted(store: Store) -> None:
    items = headlines(40)
    count(store, StoryBook(WINDOW), items, "40")
    store.save(Step(points=[("ARDF", int(START.timestamp()), {})], alerts=[ALERT]))
    store.record("a1", "file")
    counts = store.forget(items[30].received)
    deleted = (tables.items, tables.opinions, tables.index_points, tables.alerts)
    assert [counts[table.name] for table in deleted] == [30, 30, 1, 1]
    assert len(store.headlines()) == 10
    assert not store.sent("a1", "file")
    assert all(row["last_seen"] >= items[30].received for row in _stories(store))


def _stories(store: Store) -> list[dict[str, datetime]]:
    with storage.transaction(store.engine) as connection:
        return [
            {"last_seen": value}
            for value in connection.scalars(
                text("select last_seen from sentiment_stories").columns(last_seen=storage.UtcTime)
            )
        ]


def test_a_reader_does_not_wait_for_the_writer(store: Store) -> None:
    with storage.transaction(store.engine) as writer:
        writer.execute(text("insert into sentiment_offsets values ('a', '1')"))
        assert store.offset("a") == ""
    assert store.offset("a") == "1"


def test_the_database_is_a_file_under_home_unless_the_environment_names_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VERTICALS_DATABASE_URL", raising=False)
    Store.open().close()
    assert (tmp_path / "runs" / "financial-sentiment.sqlite").is_file()
    monkeypatch.setenv("VERTICALS_DATABASE_URL", f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    Store.open().close()
    assert (tmp_path / "elsewhere.sqlite").is_file()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("monitor.sqlite", "not a usable database address"),
        ("nosuch://host/x", "not a usable database address"),
        ("postgresql+nosuch://me:hunter2@host/x", "not a usable database address"),
        ("sqlite:///:memory:", "each thread has a database of its own"),
        ("sqlite:////proc/no/such.sqlite", "cannot be opened"),
    ],
)
def test_a_wrong_address_says_what_is_expected_and_hides_the_password(url: str, expected: str) -> None:
    with pytest.raises(StorageError, match=expected) as caught:
        Store.open(url)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite").write_text("not a database, but long enough to be looked at" * 50, encoding="utf-8")
    with pytest.raises(StorageError, match=r"x\.sqlite: cannot be opened: .*not a database"):
        Store.open(f"sqlite:///{tmp_path / 'x.sqlite'}")


def test_times_without_a_zone_are_refused(tmp_path: Path) -> None:
    metadata = MetaData()
    table = Table("t", metadata, Column("n", Integer, primary_key=True), Column("at", storage.UtcTime))
    engine = storage.open_database(f"sqlite:///{tmp_path / 't.sqlite'}", metadata)
    with pytest.raises(StorageError, match="expected a time with its zone"), storage.transaction(engine) as connection:
        connection.execute(insert(table).values(n=1, at=START.replace(tzinfo=None)))
    engine.dispose()
