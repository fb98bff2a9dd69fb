"""Files as sources: a watched folder, a replayed file, posted rows; times, zones, gaps and restarts."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from verticals.errors import DataError
from verticals_financial_sentiment.player import Pace, live
from verticals_financial_sentiment.records import Headline, Opinion
from verticals_financial_sentiment.settings import Settings
from verticals_financial_sentiment.sources.folder import WatchedFolder
from verticals_financial_sentiment.sources.intake import Batch, safe_url, take_rows
from verticals_financial_sentiment.sources.replay import origin_of, replay
from verticals_financial_sentiment.sources.times import parse_time
from verticals_financial_sentiment.store import Step, Store
from verticals_financial_sentiment.text import plain

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HELSINKI = ZoneInfo("Europe/Helsinki")


def titles(*batches: Batch) -> list[str]:
    return [headline.title for batch in batches for headline in batch.headlines]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02T11:30:00Z", "2026-03-02T11:30"),
        ("2026-03-02T11:30:00-05:00", "2026-03-02T16:30"),
        ("2026-03-02 11:30", "2026-03-02T09:30"),  # Helsinki's, in winter
        ("2026-07-02 11:30", "2026-07-02T08:30"),  # and in summer
        ("Mon, 02 Mar 2026 11:30:00 GMT", "2026-03-02T11:30"),
        ("Mon, 02 Mar 2026 11:30:00 EST", "2026-03-02T16:30"),
        ("Mon, 02 Mar 2026 11:30:00 -0000", "2026-03-02T11:30"),  # as Python's formatdate writes UTC
        ("Mon, 02 Mar 2026 11:30:00 +0000 (UTC)", "2026-03-02T11:30"),
        ("Thu, 02 Jul 2026 11:30:00 BST", "2026-07-02T10:30"),
        ("Mon Mar 02 11:30:00 CET 2026", "2026-03-02T10:30"),
        ("2026-03-02 11:30 UTC", "2026-03-02T11:30"),
        ("Mon, 02 Mar 2026 11:30:00 XYZT", None),  # not a guess
        ("Mon, 02 Mar 2026 11:30:00 GMT+2", None),
        ("Mar 2, 2026 2:05 PM", "2026-03-02T12:05"),
        ("Jul 2, 2026 2:05 p.m. ET", "2026-07-02T18:05"),
        ("2026-03-02 12:05 AM", "2026-03-01T22:05"),
        ("2026-03-02 12:05:30 pm", "2026-03-02T10:05"),
        ("1772451000", "2026-03-02T11:30"),
        ("1772451000000", "2026-03-02T11:30"),
        ("1772451000.0", "2026-03-02T11:30"),
        ("20260302", "2026-03-01T22:00"),
        ("20260302113000", "2026-03-02T09:30"),
        ("2026/3/2 9:05", "2026-03-02T07:05"),
        ("2026-03-02 9:05", "2026-03-02T07:05"),
        ("2026-03-02T9:05:00Z", "2026-03-02T09:05"),
        ("2.3.2026 09:05", "2026-03-02T07:05"),
        ("2026年3月2日 21:04", "2026-03-02T19:04"),
        ("2026年3月2日9时5分", "2026-03-02T07:05"),
        ("2026/3/2 下午3:04", "2026-03-02T13:04"),
        ("3/2/2026 9:05", None),  # of March or of February
        ("2026", None),
        ("", None),
        ("yesterday", None),
        ("nan", None),
        ("inf", None),
        ("-1e400", None),
        ("9" * 400, None),
        ("0000-00-00", None),
    ],
)
def test_times_are_read_as_people_and_machines_write_them(text: str, expected: str | None) -> None:
    moment = parse_time(text, HELSINKI)
    assert (moment.strftime("%Y-%m-%dT%H:%M") if moment else None) == expected


@pytest.mark.parametrize(("zone", "hour"), [("Asia/Shanghai", 3), ("America/Chicago", 17), ("Europe/Helsinki", 17)])
def test_a_name_that_stands_for_several_zones_is_that_of_the_source_s_own(zone: str, hour: int) -> None:
    assert parse_time("2026-03-02 11:30 CST", ZoneInfo(zone)) == datetime(2026, 3, 2, hour, 30, tzinfo=UTC)


def test_a_headline_has_utc_times_and_an_id_of_its_content() -> None:
    eastern = timezone(timedelta(hours=-5))
    first = Headline("wire", NOW.astimezone(eastern), NOW, "Ardent cuts", "", "", "x")
    assert first.published.tzinfo is UTC
    assert first.published == NOW
    again = Headline("wire", NOW, NOW + timedelta(hours=9), "Ardent cuts", "", "", "x")
    assert first.id == again.id
    others = [
        ("wire", "Ardent cut", ""),
        ("other", "Ardent cuts", ""),
        ("wire", "Ardent cuts", "b"),
        ("wireA", "rdent cuts", ""),
    ]
    assert len({first.id, *(Headline(source, NOW, NOW, title, body).id for source, title, body in others)}) == 5
    with pytest.raises(ValueError, match="expected a time with its zone"):
        Headline("wire", NOW.replace(tzinfo=None), NOW, "x")


def test_an_opinion_s_score_is_positive_minus_negative() -> None:
    assert Opinion("A", 0.7, 0.2, 0.1).score == pytest.approx(0.6)
    assert [
        Opinion("A", *shares).sentiment for shares in ((0.7, 0.2, 0.1), (0.1, 0.2, 0.7), (0.2, 0.6, 0.2), (0.5, 0, 0.5))
    ] == [
        "positive",
        "negative",
        "neutral",
        "neutral",
    ]


def test_odd_rows_are_kept_and_counted() -> None:
    rows: list[dict[str, object]] = [
        {"title": "a", "published": "2026-03-02T11:59:00Z", "body": "b"},
        {"title": "late", "published": "2026-03-02T09:00:00Z", "body": "b"},  # also older than the newest
        {"title": "future", "published": "2027-01-01T00:00:00Z", "body": "b"},
        {"title": "undated", "body": "b"},
        {"title": "old", "published": "1601-01-01", "body": "b"},
        {"title": "no body", "published": "2026-03-02T12:00:00Z", "body": None},
        {"title": "nan", "published": "2026-03-02T12:00:00Z", "body": float("nan")},
        {"title": "link", "published": "2026-03-02T12:00:00Z", "body": "b", "url": "javascript:alert(1)"},
        {"title": "x" * 5000, "published": "2026-03-02T12:00:00Z", "body": "b"},
        {"title": " ", "body": ""},
        {},
    ]
    batch = take_rows(rows, "posted", NOW)
    assert len(batch.headlines) == 9
    assert batch.counts == {
        "bad_url": 1, "blank": 2, "cut": 1, "empty_body": 2, "future": 1, "late": 1, "out_of_order": 1, "undated": 2
    }  # fmt: skip
    assert all(headline.published <= NOW for headline in batch.headlines)


@pytest.mark.parametrize("odd", ["\ud800", "\0", "\x1b", "\u202e"])
def test_a_time_as_its_source_wrote_it_keeps_nothing_that_a_database_refuses(odd: str) -> None:
    rows = [
        {"title": "a", "published": f"2026-03-02 {odd}"},
        {"title": "b", "published": "Mon,  02 Mar 2026 11:30 GMT"},
    ]
    first, second = take_rows(rows, "posted", NOW).headlines
    assert (first.stamp, first.published) == ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC))
    assert second.stamp == rows[1]["published"], "part of the id: what was counted before must not count again"


@pytest.mark.parametrize("hostile", ["<a ", "<a x='>' ", "&lt;a ", "<a/"])
def test_tags_that_never_close_are_looked_for_a_bounded_number_of_times(
    hostile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parser reads on to the end of the text for each of them."""
    looks, parse = [0], HTMLParser.parse_starttag

    def counted(parser: HTMLParser, start: int) -> int:
        looks[0] += 1
        return parse(parser, start)

    monkeypatch.setattr(HTMLParser, "parse_starttag", counted)
    plain((hostile * 4_000)[:4_000])
    assert 0 < looks[0] < 100


def test_a_few_tags_that_never_close_are_text_and_the_others_are_gone() -> None:
    text = "S&P <AAPL falls <b>far</b> <i"
    assert plain(text) == "S&P far ‹i"
    assert plain("a < b &amp; 3 <5% <!-- c <b>d</b> e") == "a < b & 3 <5% ‹!-- c ‹b>d e"


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "//host/x", "http://", "http://[::bad/", "https://a b/", "file:/x"],
)
def test_only_web_addresses_are_kept(url: str) -> None:
    assert safe_url(url) == ""
    assert safe_url(" https://wire.example/x?y=1 ") == "https://wire.example/x?y=1"


def test_a_folder_yields_what_is_new_and_only_whole_records(tmp_path: Path) -> None:
    folder, file = WatchedFolder(tmp_path), tmp_path / "a.csv"
    file.write_bytes(b'\xef\xbb\xbfTitle,Published\n"one\nline two",2026-03-02\ntwo,2026-03-02\nhalf')
    first = folder.scan("", NOW)
    assert titles(first) == ["one line two", "two"]
    with file.open("ab") as more:
        more.write(b' done,2026-03-02\n"open\n')
    second = folder.scan(first.offset, NOW)
    assert titles(second) == ["half done"]
    with file.open("ab") as more:
        more.write(b'end",2026-03-02\n')
    (tmp_path / "b.jsonl").write_text('{"headline": "three"}\n\nnot json\n[1]\n{"headline": "fo', encoding="utf-8")
    third = WatchedFolder(tmp_path).scan(second.offset, NOW)  # a restart
    assert titles(third) == ["open end", "three"]
    assert third.counts["bad_row"] == 2
    assert "b.jsonl: 2 rows" in third.problems[0]
    assert titles(folder.scan(third.offset, NOW)) == []


def test_a_folder_is_read_in_pieces_and_passes_over_what_never_ends(tmp_path: Path) -> None:
    lines = [json.dumps({"title": f"title {n}"}) for n in range(40)]
    (tmp_path / "a.jsonl").write_text(
        "\n".join([*lines[:20], json.dumps({"title": "x" * 900}), *lines[20:], ""]), encoding="utf-8"
    )
    folder, offset, seen = WatchedFolder(tmp_path, chunk=200), "", []
    while True:
        batch = folder.scan(offset, NOW)
        if batch.offset == offset:
            break
        offset = batch.offset
        seen += titles(batch)
    assert seen == [f"title {n}" for n in range(40)]


@pytest.mark.parametrize("chunk", [60, 1_000])
def test_a_file_is_behind_until_its_end_was_reached_and_no_longer_when_it_grows(tmp_path: Path, chunk: int) -> None:
    file, offset, behind = tmp_path / "a.csv", "", list[bool]()
    file.write_text("title,source\n" + "".join(f"title {n},wire\n" for n in range(12)), encoding="utf-8")
    while (
        batch := WatchedFolder(tmp_path, chunk=chunk).scan(offset, NOW)
    ).offset != offset:  # a restart at every piece
        offset, behind = batch.offset, [*behind, batch.behind]
    assert behind and all(behind)
    with file.open("a", encoding="utf-8") as more:
        more.write("the next,wire\n")
    grown = WatchedFolder(tmp_path, chunk=chunk).scan(offset, NOW)
    assert (titles(grown), grown.behind) == (["the next"], False)
    (tmp_path / "b.jsonl").write_text('{"title": "another"}\n', encoding="utf-8")
    assert WatchedFolder(tmp_path, chunk=chunk).scan(grown.offset, NOW).behind


@pytest.mark.parametrize(
    ("name", "content", "more"),
    [
        ("a.csv", "title,source\none,wire\ntwo,wire", "\nthree,wire\n"),
        ("a.csv", 'title,source\none,wire\n"two",wire', "\r\nthree,wire\r\n"),
        ("a.jsonl", '{"title": "one"}\n{"title": "two"}', '\n{"title": "three"}\n'),
    ],
)
def test_a_last_record_without_a_line_break_is_taken_once_its_file_rests(
    tmp_path: Path, name: str, content: str, more: str
) -> None:
    file, folder, offset, seen = tmp_path / name, WatchedFolder(tmp_path), "", list[list[str]]()
    file.write_text(content, encoding="utf-8", newline="")
    for round_ in (0, 0, 1, 2):
        batch = folder.scan(offset, NOW + timedelta(minutes=5 * round_))
        offset, seen = batch.offset, [*seen, titles(batch)]
        assert not batch.problems
    assert seen == [["one"], [], ["two"], []]
    with file.open("a", encoding="utf-8", newline="") as writer:
        writer.write(more)
    last = folder.scan(offset, NOW + timedelta(hours=1))
    assert (titles(last), last.counts.get("bad_row", 0)) == (["three"], 0)


@pytest.mark.parametrize(("name", "half"), [("a.csv", "title,source\none"), ("a.jsonl", '{"title": "on')])
def test_a_record_that_is_not_whole_is_waited_for_however_long_its_file_rests(
    tmp_path: Path, name: str, half: str
) -> None:
    folder, offset = WatchedFolder(tmp_path), ""
    (tmp_path / name).write_text(half, encoding="utf-8")
    for hours in range(4):
        batch = folder.scan(offset, NOW + timedelta(hours=hours))
        offset = batch.offset
        assert (titles(batch), batch.counts) == ([], {})


def test_a_file_that_cannot_be_read_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b.jsonl").write_text('{"title": "b"}\n', encoding="utf-8")
    opened = Path.open

    def refused(path: Path, *arguments: Any) -> Any:
        if path.name == "b.jsonl":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments)

    monkeypatch.setattr(Path, "open", refused)
    settings = Settings(folder=str(tmp_path), poll_minutes=1e-9)
    with (
        closing(Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}")) as store,
        closing(live(settings, store, Pace())) as found,
    ):
        problems = list[str]()
        for batch in islice(found, 6):
            store.save(Step(batch.origin, batch.offset))
            problems += batch.problems
    assert problems == ["b.jsonl: cannot be read: Permission denied"]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_columns_are_told_apart_by_what_gives_one_for_the_text(tmp_path: Path, mark: str) -> None:
    rows = [["Published", "Title"], ["2026-03-02 11:00", "one"], ["2026-03-02 11:30", "two"]]
    file, folder = tmp_path / "a.csv", WatchedFolder(tmp_path)
    file.write_text("".join(f"{mark.join(row)}\n" for row in rows), encoding="utf-8")
    first = folder.scan("", NOW)
    with file.open("a", encoding="utf-8") as more:
        more.write(mark.join(["2026-03-02 11:45", "three"]) + "\n")
    second = WatchedFolder(tmp_path).scan(first.offset, NOW)  # a restart
    assert titles(first, second) == titles(*replay(file)) == ["one", "two", "three"]


def test_columns_may_have_their_usual_chinese_names(tmp_path: Path) -> None:
    text = "标题,正文,时间,来源\n亚克公司上调指引,周一公告,2026/3/2 19:05,财经网\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8-sig")
    (found,) = WatchedFolder(tmp_path, "Asia/Shanghai").scan("", NOW).headlines
    assert (found.title, found.body, found.source) == ("亚克公司上调指引", "周一公告", "财经网")
    assert found.published == datetime(2026, 3, 2, 11, 5, tzinfo=UTC)


def test_times_that_cannot_be_read_are_said_once_for_a_file(tmp_path: Path) -> None:
    file, folder = tmp_path / "a.csv", WatchedFolder(tmp_path)
    file.write_text("title,date\none,03/02/2026\ntwo,\nthree,03/02/2026\nfour,1601-01-01\n", encoding="utf-8")
    first = folder.scan("", NOW)
    with file.open("a", encoding="utf-8") as more:
        more.write("five,03/02/2026\n")
    second = folder.scan(first.offset, NOW)
    assert (first.counts["undated"], second.counts["undated"], second.problems) == (4, 1, ())
    (problem,) = first.problems
    assert problem.startswith("a.csv: a time such as '03/02/2026' cannot be read")


def test_a_header_without_a_text_is_said_once_and_read_when_it_is_mended(tmp_path: Path) -> None:
    file, folder = tmp_path / "a.csv", WatchedFolder(tmp_path)
    file.write_text("subject,date\none,2026-03-02\n", encoding="utf-8")
    first, again = folder.scan("", NOW), folder.scan("", NOW)
    assert (titles(first), first.offset, first.counts, again.problems) == ([], "{}", {}, ())
    assert "a.csv: byte 0: expected a column for the text, one of title, headline" in first.problems[0]
    assert "found 'subject', 'date'" in first.problems[0]
    file.write_text("title,date\none,2026-03-02\n", encoding="utf-8")
    assert titles(folder.scan(first.offset, NOW)) == ["one"]


@pytest.mark.parametrize(
    ("name", "text", "encoding", "place", "rest"),
    [
        ("a.csv", "title\nplain\nJärnvik\n", "cp1252", 12, "Järnvik"),
        ("a.csv", "title\nplain\nJärnvik", "cp1252", 12, "Järnvik"),
        ("a.csv", "title\nplain\n", "utf-16", 0, "plain"),
        ("a.jsonl", '{"title": "plain"}\n{"title": "订单"}\n', "gbk", 19, "订单"),
    ],
)
def test_what_is_not_utf_8_waits_until_the_file_is_saved_as_utf_8(
    tmp_path: Path, name: str, text: str, encoding: str, place: int, rest: str
) -> None:
    file, folder, offset = tmp_path / name, WatchedFolder(tmp_path), ""
    file.write_bytes(text.encode(encoding))
    problems, seen = list[str](), list[str]()
    for minutes in (0, 5, 10):
        batch = folder.scan(offset, NOW + timedelta(minutes=minutes))
        offset, seen, problems = batch.offset, [*seen, *titles(batch)], [*problems, *batch.problems]
    assert seen == (["plain"] if place else [])
    assert [f"{name}: byte {place}: expected UTF-8" in problem for problem in problems] == [True]
    file.write_text(f"{text}\n", encoding="utf-8")
    assert titles(folder.scan(offset, NOW + timedelta(minutes=15))) == [rest]


def test_objects_without_a_text_by_a_known_name_are_counted_and_said(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"subject": "one"}\n{"title": "two"}\n{"title": ""}\n', encoding="utf-8")
    batch = WatchedFolder(tmp_path).scan("", NOW)
    assert (titles(batch), batch.counts["bad_row"], batch.counts["blank"]) == (["two"], 1, 1)
    assert batch.problems == (
        "a.jsonl: 1 rows do not fit the header, or are no JSON objects with a title or body; they are left out",
    )


def test_a_file_that_an_earlier_version_read_under_a_header_without_a_text_is_read_again(tmp_path: Path) -> None:
    text = "title;source\none;wire\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    before = json.dumps({"a.csv": {"bytes": len(text), "header": ["title;source"]}})
    assert titles(WatchedFolder(tmp_path).scan(before, NOW)) == ["one"]


def test_a_file_replaced_by_a_larger_one_is_read_from_its_beginning(tmp_path: Path) -> None:
    file, folder = tmp_path / "a.csv", WatchedFolder(tmp_path)
    file.write_text("title,published\none,2026-03-01\n", encoding="utf-8")
    first = folder.scan("", NOW)
    file.write_text("headline,source\nthe second,wire\nthe third,wire\n", encoding="utf-8")
    second = WatchedFolder(tmp_path).scan(first.offset, NOW)
    assert titles(first, second) == ["one", "the second", "the third"]
    with file.open("a", encoding="utf-8") as more:
        more.write("the fourth,wire\n")
    assert titles(folder.scan(second.offset, NOW)) == ["the fourth"]


def test_an_offset_that_an_earlier_version_left_goes_on_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("title,source\none,wire\ntwo,wire\n", encoding="utf-8")
    before = json.dumps({"a.csv": {"bytes": len("title,source\none,wire\n"), "header": ["title", "source"]}})
    assert titles(WatchedFolder(tmp_path).scan(before, NOW)) == ["two"]


def test_a_quote_that_nothing_closes_costs_its_line_and_is_said(tmp_path: Path) -> None:
    file, folder, later = tmp_path / "a.csv", WatchedFolder(tmp_path), NOW + timedelta(minutes=5)
    file.write_text('title,source\none,wire\n"two,wire\nthree,wire\nfour,wire\n', encoding="utf-8")
    first = folder.scan("", NOW)
    waiting = folder.scan(first.offset, NOW)
    assert (titles(first), waiting.offset, waiting.counts) == (["one"], first.offset, {}), "its writer may go on"
    given_up = folder.scan(first.offset, later)
    assert (titles(given_up), dict(given_up.counts)) == ([], {"bad_row": 1})
    assert "a.csv: expected the quote that opens in the row at byte 22 to be closed" in given_up.problems[0]
    assert titles(folder.scan(given_up.offset, later)) == ["three", "four"]


def test_a_quote_that_nothing_closes_in_a_whole_piece_costs_its_line_at_once(tmp_path: Path) -> None:
    rows = [f"title {n},wire" for n in range(40)]
    (tmp_path / "a.csv").write_text("\n".join(["title,source", '"open,wire', *rows, ""]), encoding="utf-8")
    folder, offset, seen = WatchedFolder(tmp_path, chunk=200), "", list[str]()
    while (batch := folder.scan(offset, NOW)).offset != offset:
        offset, seen = batch.offset, [*seen, *titles(batch)]
    assert seen == [f"title {n}" for n in range(40)]


def test_a_file_of_a_header_alone_has_no_bad_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('title,source\n\n"half', encoding="utf-8")
    folder = WatchedFolder(tmp_path)
    first = folder.scan("", NOW)
    second = folder.scan(first.offset, NOW + timedelta(hours=1))
    assert (first.counts, second.counts, second.offset) == ({}, {}, first.offset)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("title\nsecret\n", encoding="utf-8")
    (tmp_path / "watched").mkdir()
    (tmp_path / "watched" / "a.csv").symlink_to(tmp_path / "secret.csv")
    assert titles(WatchedFolder(tmp_path / "watched").scan("", NOW)) == []


def test_files_and_folders_of_the_same_name_have_positions_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / day / "in" for day in ("mon", "tue")]
    for folder in folders:
        folder.mkdir(parents=True)
    assert len({WatchedFolder(folder).origin for folder in folders}) == 2
    assert len({origin_of(folder / "day.csv") for folder in folders}) == 2
    monkeypatch.chdir(folders[0])
    assert origin_of(Path("day.csv")) == origin_of(folders[0] / "day.csv")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere: cannot be watched: .*app\.folder"):
        WatchedFolder(tmp_path / "nowhere").scan("", NOW)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "day.csv"
    rows = [f"title {n},2026-03-02T10:{n:02d}:00Z,wire" for n in range(30)]
    rows[7] = "title 7,2026-03-02T08:00:00Z,wire"  # hours late
    rows[9] = "title 9,,wire"
    rows[11] = "too,many,fields,here"
    path.write_text("title,published,source\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_replay_takes_time_from_the_file_and_never_goes_back(recording: Path) -> None:
    batches = list(replay(recording, size=8))
    received = [headline.received for batch in batches for headline in batch.headlines]
    assert received == sorted(received)
    assert received[0] == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert len(received) == 29
    counts = {
        name: sum(batch.counts.get(name, 0) for batch in batches)
        for name in ("late", "undated", "bad_row", "out_of_order")
    }
    assert counts == {"late": 1, "undated": 1, "bad_row": 1, "out_of_order": 1}


@pytest.mark.parametrize("odd", [0, 3, 9])
@pytest.mark.parametrize("column", ["published", "received"])
def test_a_single_misdated_row_is_kept_counted_and_moves_no_other(tmp_path: Path, odd: int, column: str) -> None:
    path, days = tmp_path / "day.csv", [f"2026-03-02T{hour:02d}:00:00Z" for hour in range(10)]
    days[odd] = "2027-03-02T02:30:00Z"
    path.write_text(f"title,{column}\n" + "".join(f"{n},{day}\n" for n, day in enumerate(days)), encoding="utf-8")
    (batch,) = replay(path)
    expected = [*range(10)]
    expected[odd] = odd - 1 if odd else 1
    assert [headline.received for headline in batch.headlines] == [NOW.replace(hour=hour) for hour in expected]
    assert batch.counts["misdated"] == 1


def test_a_gap_of_months_in_a_recording_is_a_gap(tmp_path: Path) -> None:
    path, days = tmp_path / "day.csv", ["2026-01-01", "2026-01-02", "1970-01-02", "2026-05-01", "2026-05-02"]
    path.write_text("title,published\n" + "".join(f"title {day},{day}\n" for day in days), encoding="utf-8")
    (batch,) = replay(path)
    received = [headline.received.strftime("%Y-%m-%d") for headline in batch.headlines]
    assert received == ["2026-01-01", "2026-01-02", "2026-01-02", "2026-05-01", "2026-05-02"]
    assert "misdated" not in batch.counts


@pytest.mark.parametrize("size", [1, 4, 64])
def test_a_replay_goes_on_where_it_was_stopped(recording: Path, size: int) -> None:
    whole = list(replay(recording, size=size))
    for cut in range(len(whole)):
        rest = list(replay(recording, whole[cut].offset, size=size))
        assert [headline for batch in rest for headline in batch.headlines] == [
            headline for batch in whole[cut + 1 :] for headline in batch.headlines
        ]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", None, "cannot be replayed"),
        ("a.xml", "<a/>", "unknown format '.xml'"),
        ("a.csv", "title,published\nx,\n", "row 1 has no time"),
        ("a.jsonl", "nonsense\n", "row 1 has no time"),
        ("a.csv", "subject,published\nx,2026-03-02\n", "expected a column for the text.*found 'subject', 'published'"),
        ("a.csv", b"title,published\nJ\xe4rnvik,2026-03-02\n", "save the file as UTF-8"),
    ],
)
def test_a_file_that_cannot_be_replayed_is_named(
    tmp_path: Path, name: str, content: str | bytes | None, expected: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=expected):
        list(replay(path))
