"""The app as the command line and the web process see it: samples, settings, a judge that trains, a route that judges."""

import json
import logging
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import wait
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from financial_stream import START, headline
from verticals import hub, storage
from verticals.config import build
from verticals.errors import ConfigError, DataError, StorageError
from verticals.runs import Run
from verticals.vertical import LANGUAGES
from verticals_financial_sentiment import app, channels, data, drawing, overview, recipe
from verticals_financial_sentiment import desk as desk_module
from verticals_financial_sentiment.alerts import Alert
from verticals_financial_sentiment.api import build_api
from verticals_financial_sentiment.delivery import PermanentFailure, as_alert
from verticals_financial_sentiment.desk import Desk
from verticals_financial_sentiment.drawing import View
from verticals_financial_sentiment.figures import timeline_figure
from verticals_financial_sentiment.linking import Linker, Links
from verticals_financial_sentiment.player import LIVE_SPEED, Pace, demo, paced
from verticals_financial_sentiment.records import Opinion
from verticals_financial_sentiment.sending import Sender
from verticals_financial_sentiment.sentiment import MOST_WORDS, Judge
from verticals_financial_sentiment.settings import ChannelSettings, FeedSettings, Settings, StorySettings
from verticals_financial_sentiment.sources.folder import WatchedFolder
from verticals_financial_sentiment.sources.intake import Batch
from verticals_financial_sentiment.store import Store
from verticals_financial_sentiment.text import folded, plain
from verticals_financial_sentiment.ui import SHOWN, build_ui, updates
from verticals_financial_sentiment.wording import TEXTS


def test_the_samples_are_as_many_as_promised_and_name_listed_companies() -> None:
    lines = (data.SAMPLES / "headlines.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) >= 1500
    assert len({row["text"] for row in rows}) == len(rows)
    assert min(Counter(row["sentiment"] for row in rows).values()) >= 300
    names = {symbol.name for symbol in data.symbols(build([], Settings))}
    assert {company for row in rows for company in row["companies"]} <= names
    assert sum(len(set(row["companies"].values())) > 1 for row in rows) >= 100, "good for one and bad for another"


def test_the_linker_finds_the_companies_of_the_samples_and_no_others() -> None:
    symbols = data.symbols(build([], Settings))
    linker = Linker(symbols)
    by_name = {symbol.name: symbol.ticker for symbol in symbols}
    found = missed = wrong = 0
    for line in (data.SAMPLES / "headlines.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        expected = {by_name[name] for name in row["companies"]}
        linked = set(linker.link(folded(plain(row["text"]))).tickers)
        found, missed, wrong = (
            found + len(linked & expected),
            missed + len(expected - linked),
            wrong + len(linked - expected),
        )
    assert found / (found + missed) >= 0.95
    assert found / (found + wrong) >= 0.995


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("zone", "Mars/Olympus", "no time zone"),
        ("zone", "Europe", "no time zone"),
        ("zone", "Asia/Shangai", "app.zone: no time zone; did you mean 'Asia/Shanghai'; found 'Asia/Shangai'"),
        ("feeds", [{"url": "file:x"}], "pattern"),
        ("feeds", [{"url": "https://x.example", "zone": "Mars/Olympus"}], "no time zone"),
        ("replay_speed", 5000, "less than or equal to 1000"),
        ("keep_day", 3, "did you mean 'keep_days'"),
    ],
)
def test_a_wrong_setting_says_what_is_wrong(name: str, value: object, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        build([{"app": {name: value}}], Settings)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("Positive", "neutral", "negative"), r"rows\.csv: label 'Positive'; did you mean 'positive'\?"),
        (("bullish", "flat", "bearish"), "label 'bearish'; known: negative, neutral, positive"),
        (("positive", "negative"), "no row is 'neutral'; expected rows of each of negative, neutral, positive"),
    ],
)
def test_labels_that_the_judge_cannot_use_are_named_before_training(
    tmp_path: Path, labels: tuple[str, ...], expected: str
) -> None:
    path = tmp_path / "rows.csv"
    rows = [f"text number {n} {label},{label}" for n in range(20) for label in labels]
    path.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    with pytest.raises(DataError, match=expected):
        data.splits(build([{"data": {"train": str(path)}}], Settings))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERTICALS_HOME", str(tmp_path_factory.mktemp("runs")))
        return app.train(build([{"method": {"name": "tfidf"}}], Settings))


@pytest.fixture(scope="module")
def judge(run: Run) -> Judge:
    """One for all tests: it takes hundreds of megabytes, and FastAPI keeps what routes close over until the process ends."""
    return Judge.load(run)


@pytest.fixture
def desk(run: Run, judge: Judge, tmp_path: Path) -> Iterator[Desk]:
    """A desk of a recorded stream, whose thread is not running: what comes in is what the test hands in."""
    with closing(Store.open(f"sqlite:///{tmp_path / 'desk.sqlite'}")) as store:
        settings = Settings(replay="day.jsonl")
        yield Desk(store, judge, Linker(recipe.symbols(run)), settings)


@pytest.fixture
def client(desk: Desk, run: Run) -> TestClient:
    site = FastAPI()
    site.include_router(build_api(desk, recipe.symbols(run)))
    return TestClient(site)


def test_a_trained_judge_keeps_its_symbols_and_answers_by_company(client: TestClient, desk: Desk, run: Run) -> None:
    assert recipe.symbols(run) == data.symbols(run.config)
    posted = {"title": "Kestrin Networks' profit jumps while <b>Fairmoor Airways</b> sinks to a loss"}
    answer = client.post("/judge", json={"headlines": [posted, {"body": " "}]}).json()
    (judged,) = answer["headlines"]
    assert judged["text"].startswith("Kestrin Networks' profit jumps while Fairmoor Airways sinks")
    assert set(judged["companies"]) == {"KSTN", "FMAW"}
    for opinion in (judged["overall"], *judged["companies"].values()):
        assert opinion["positive"] + opinion["neutral"] + opinion["negative"] == pytest.approx(1)
    assert answer["counts"] == {"blank": 1, "empty_body": 1, "undated": 1}
    assert desk.store.headlines() == [], "judging keeps nothing"


def test_posted_headlines_enter_the_stream_once(client: TestClient) -> None:
    posted = {
        "headlines": [
            {
                "title": "Larder recalls its soups after metal was found",
                "source": "wire",
                "published": "2026-03-02T09:00Z",
            },
            {
                "title": "Larder recalls its soups after metal was found",
                "source": "paper",
                "published": "2026-03-02T09:05Z",
            },
        ]
    }
    first, again = (client.post("/headlines", json=posted).json() for _ in range(2))
    assert (first["new"], first["known"], first["alerts"]) == (2, 0, [])
    assert (again["new"], again["known"]) == (0, 2)
    found = client.get("/alerts").json()
    assert found == {"alerts": []}


def test_what_a_story_was_folded_from_can_be_asked_for(client: TestClient, desk: Desk) -> None:
    titles = ("Larder recalls its soups after metal was found", "Larder recalls soups after metal was found - report")
    client.post("/headlines", json={"headlines": [{"title": title, "source": title[-4:]} for title in titles]})
    (story,) = overview.stories(desk.store, "LRDR")
    found = client.get(f"/stories/{story['id']}").json()
    assert [told["title"] for told in found["told"]] == list(titles)
    assert sum(told["gains"]["LRDR"] for told in found["told"]) == pytest.approx(story["weight"])
    assert found["sources"] == ["ound", "port"]


@pytest.mark.parametrize(
    ("method", "path", "status", "expected"),
    [
        ("GET", "/tickers/NOPE/index", 404, "no company 'NOPE'"),
        ("GET", "/stories/nope", 404, "no story 'nope'"),
        ("POST", "/alerts/nope/mute", 404, "no alert 'nope'"),
        ("POST", "/alerts/nope/shout", 422, "false-alarm"),
        ("GET", "/alerts?most=0", 422, "greater than or equal to 1"),
        ("GET", "/alerts?state=odd", 422, "acknowledged"),
        ("GET", "/tickers/LRDR/index?since=99999999999999999999", 422, "less than or equal to"),
    ],
)
def test_a_wrong_request_says_what_is_wrong(
    client: TestClient, method: str, path: str, status: int, expected: str
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert expected in answer.text


@pytest.mark.parametrize(("method", "path"), [("GET", "/stories/s1"), ("POST", "/alerts/a1/mute")])
def test_what_the_database_cannot_say_is_not_called_missing(
    client: TestClient, desk: Desk, method: str, path: str
) -> None:
    with storage.transaction(desk.store.engine) as connection:
        for table in ("sentiment_stories", "sentiment_alerts"):
            connection.execute(text(f"alter table {table} rename to {table}_away"))
    with pytest.raises(StorageError, match="no such table"):
        client.request(method, path)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"headlines": []},
        {"headlines": [{}] * 1001},
        {"headlines": [{"title": "x" * 4001}]},
        {"headlines": [{"odd": 1}]},
    ],
)
def test_a_post_beyond_its_limits_is_refused(client: TestClient, body: dict[str, object]) -> None:
    assert client.post("/headlines", json=body).status_code == 422


def burst() -> Batch:
    """Two quiet days, in which nobody names the grocer, and then a burst about it."""
    titles = ("recalls {} soups", "faces lawsuit over {} cartons", "loses {} customers", "is fined for {} labels")
    words = ("mouldy", "broken", "furious", "false", "sour", "rusty", "angry", "torn")
    quiet = [headline(f"Kestrin Networks opens office number {10 * hour}", "wire", 60 * hour) for hour in range(48)]
    loud = [
        headline(f"Larder {titles[n % 4].format(word)}", f"paper {n}", 48 * 60 + 3 * n) for n, word in enumerate(words)
    ]
    return Batch("", (*quiet, *loud), now=START + timedelta(hours=50))


@pytest.fixture
def alarmed(desk: Desk) -> Desk:
    assert {alert.ticker for alert in desk.take(burst()).alerts} == {"LRDR"}
    return desk


def test_an_alert_is_answered_over_rest(client: TestClient, alarmed: Desk) -> None:
    alert = client.get("/alerts?state=new").json()["alerts"][-1]
    assert client.post(f"/alerts/{alert['id']}/false-alarm").json()["state"] == "false_alarm"
    assert alert["id"] not in [each["id"] for each in client.get("/alerts?state=new").json()["alerts"]]
    assert "LRDR" in client.get("/alerts.csv?language=zh").text
    tickers = client.get("/tickers").json()["tickers"]
    assert tickers[0]["ticker"] == "LRDR"
    assert -1 < tickers[0]["mood"] < 1
    points = client.get("/tickers/LRDR/index").json()["points"]
    assert [point["time"] for point in points] == sorted(point["time"] for point in points)


def test_a_company_that_left_the_symbol_list_keeps_its_index(alarmed: Desk, run: Run) -> None:
    site = FastAPI()
    site.include_router(build_api(alarmed, [each for each in recipe.symbols(run) if each.ticker != "LRDR"]))
    client = TestClient(site)
    assert "LRDR" in [tile["ticker"] for tile in client.get("/tickers").json()["tickers"]]
    assert client.get("/tickers/LRDR/index").json()["points"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_mood_alerts_and_headlines_and_escapes_them(alarmed: Desk, run: Run, language: str) -> None:
    alarmed.take(Batch("", (headline("Larder <script>alert(1)</script> & co", "<b>evil</b>", 49 * 60),)))
    view = View(alarmed, recipe.symbols(run), language, TEXTS[language])
    shown = drawing.parts(view, "", "", "", "")
    assert shown["company"] == "LRDR"
    everything = "".join(str(part) for part in shown.values())
    assert "&lt;script&gt;" in everything
    assert "<script>" not in everything
    assert "<b>evil" not in everything
    assert TEXTS[language]["limit"].format(most=3, held_back=0) in shown["budget"]
    raised = alarmed.store.alerts()[-1]
    assert raised["reason"][language].replace("&", "&amp;") in shown["feed"]
    assert "Larder" in drawing.alert(view, raised["id"])
    assert raised["id"] in drawing.figure(view, "LRDR").data[-1].customdata
    assert TEXTS[language]["no_advice"] in drawing.status(view)
    item = alarmed.store.headlines(ticker="LRDR")[-1]
    assert "<mark class=" in drawing.headline(view, item["id"])


def test_one_point_of_an_index_is_a_mark_and_none_leaves_no_axes() -> None:
    drawn = []
    for count in range(3):
        value = np.full(count, 0.5)
        line = overview.Timeline(900 * np.arange(count), value, value, value, value)
        drawn.append(timeline_figure(line, [], "en", TEXTS["en"]))
    assert [figure.layout.yaxis.visible for figure in drawn] == [False, True, True]
    assert [figure.data[2].mode for figure in drawn] == ["markers", "markers", "lines"]


def test_words_beyond_a_number_of_them_are_not_attributed(desk: Desk) -> None:
    text = "Larder recalls its soups " * MOST_WORDS
    weights = desk.judge.attributions(text, desk.linker.link(text), "LRDR")
    assert [text[each.start : each.end] for each in weights] == text.split()[:MOST_WORDS]


def test_the_page_sends_only_what_has_changed(alarmed: Desk, run: Run) -> None:
    view = View(alarmed, recipe.symbols(run), "en", TEXTS["en"])
    drawn, *first = updates(view, {}, "", "", "", "")
    assert gr.skip() not in first
    assert updates(view, drawn, "", "", "", "") == [gr.skip()] * 10
    alarmed.answer(alarmed.store.alerts()[0]["id"], "acknowledge")
    again = dict(zip(SHOWN, updates(view, drawn, "", "", "", "")[1:], strict=True))
    assert {name for name, value in again.items() if value != gr.skip()} == {"tiles", "feed"}


def test_a_chosen_company_is_not_sent_back_over_the_next_choice(alarmed: Desk, run: Run) -> None:
    view = View(alarmed, recipe.symbols(run), "en", TEXTS["en"])
    drawn, *_ = updates(view, {}, "", "", "", "")
    shown = dict(zip(SHOWN, updates(view, drawn, "TIDE", "", "", "")[1:], strict=True))
    assert shown["company"] == gr.skip()
    assert shown["tiles"] != gr.skip()


def test_a_company_that_is_listed_no_longer_can_still_be_chosen(alarmed: Desk, run: Run) -> None:
    left = tuple(symbol for symbol in recipe.symbols(run) if symbol.ticker != "LRDR")
    view = View(alarmed, left, "en", TEXTS["en"])
    shown = dict(zip(SHOWN, updates(view, {}, "", "", "", "")[1:], strict=True))
    page = build_ui(view, run)
    offered = [block.choices for block in page.blocks.values() if isinstance(block, gr.Dropdown)]
    assert shown["company"] == "LRDR"
    assert sum(("LRDR", "LRDR") in choices for choices in offered) == 2, "on the time-line and above the headlines"


def test_both_languages_have_the_same_texts() -> None:
    assert TEXTS["en"].keys() == TEXTS["zh"].keys()


def test_a_pace_joins_what_it_need_not_wait_for() -> None:
    items = [headline("a title", f"wire {n}", n) for n in range(30)]
    singles = [Batch("replay", (item,), str(n)) for n, item in enumerate(items, 1)]
    pace = Pace(speed=60_000.0)
    batches = list(paced(singles, pace, size=8))
    assert [item for batch in batches for item in batch.headlines] == items
    assert batches[-1].offset == "30"
    assert max(len(batch.headlines) for batch in list(paced(singles, Pace(), size=8))) == 8
    assert [len(batch.headlines) for batch in list(paced(singles, Pace(speed=1.0, stop=_set())))] == [1] * 30


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def test_the_demo_catches_up_with_its_past_and_then_slows_down() -> None:
    items = [headline("a title", f"wire {n}", 60 * n) for n in range(48)]
    pace = Pace(stop=_set())
    seen = [(batch.offset, pace.speed) for batch in demo(items, items[18].received, "", pace)]
    assert seen[0] == ("18", None)
    assert {speed for _, speed in seen[1:]} == {LIVE_SPEED}
    assert seen[-1][0] == "48"
    assert next(batch.offset for batch in demo(items, items[18].received, "40", pace)) == "41"


@pytest.mark.parametrize("language", LANGUAGES)
def test_rows_that_were_left_out_are_counted_on_the_page_and_problems_logged_once(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture, language: str
) -> None:
    view, texts = View(desk, (), language, TEXTS[language]), TEXTS[language]
    assert texts["blank"].format(count=2) not in drawing.status(view)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text('{"title": " "}\n' * 2 + "not json\n", encoding="utf-8")
    desk.take(WatchedFolder(tmp_path / "in").scan("", START))
    shown = " · ".join((texts["bad_row"].format(count=1), texts["blank"].format(count=2)))
    assert texts["left_out"].format(rows=shown) in drawing.status(view)
    assert [line for line in caplog.messages if "a.jsonl" in line] == [
        "a.jsonl: 1 rows do not fit the header, or are no JSON objects with a title or body; they are left out"
    ]


def test_a_step_that_fails_leaves_no_trace(desk: Desk) -> None:
    item = headline("Larder recalls its soups after metal was found", "wire", 0)
    desk.take(Batch("a", (item,), "1"))
    with storage.transaction(desk.store.engine) as connection:
        connection.execute(
            text("create trigger full before insert on sentiment_items begin select raise(abort, 'disk full'); end")
        )
    later = headline("Larder recalls its soups after metal was found", "paper", 1)
    with pytest.raises(StorageError, match="disk full"):
        desk.take(Batch("a", (later,), "2"))
    with storage.transaction(desk.store.engine) as connection:
        connection.execute(text("drop trigger full"))
    assert desk.store.offset("a") == "1"
    assert desk.take(Batch("a", (later,), "2")).new == 1
    (story,) = overview.stories(desk.store, "LRDR")
    assert (story["items"], len(story["sources"])) == (2, 2)


def test_two_processes_over_one_database_count_as_one_would(desk: Desk, run: Run, judge: Judge, tmp_path: Path) -> None:
    items = [headline(f"Larder recalls {n // 2} soups after metal was found", f"wire {n}", 7 * n) for n in range(12)]

    def kept(store: Store) -> tuple[object, ...]:
        sources = {row["id"]: (row["items"], row["sources"]) for row in overview.stories(store, "LRDR")}
        return sources, store.points("LRDR"), store.states(), store.newest()

    with closing(Store.open(f"sqlite:///{tmp_path / 'one.sqlite'}")) as store:
        one = Desk(store, judge, desk.linker, desk.settings)
        for number, item in enumerate(items):
            one.take(Batch("a", (item,), str(number)))
        expected = kept(store)
    with closing(Store.open(str(desk.store.engine.url))) as store:
        two = Desk(store, judge, desk.linker, desk.settings)
        view = View(two, recipe.symbols(run), "en", TEXTS["en"])
        for number, item in enumerate(items):
            drawn = updates(view, {}, "", "", "", "")[0]
            (desk, two)[number % 3 == 0].take(Batch("a", (item,), str(number)))
            assert updates(view, drawn, "", "", "", "")[0]["items"] != drawn["items"], "each shows what the other took"
        assert kept(store) == expected


def test_a_row_whose_time_no_database_takes_is_kept_like_any_other(desk: Desk, tmp_path: Path) -> None:
    rows = [
        '{"title": "Larder falls", "published": "2026-03-02 \\ud800"}',
        '{"title": "Larder rises", "date": "\\u0000"}',
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text("\n".join([*rows, ""]), encoding="utf-8")
    assert desk.take(WatchedFolder(tmp_path / "in").scan("", START)).new == 2
    assert sorted(row["stamp"] for row in desk.store.headlines()) == ["", "2026-03-02"]


class Opened:
    """A channel that takes everything; with an error, nothing."""

    name = "opened"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.taken: list[str] = []
        self.delivered = threading.Event()

    def send(self, alert: Alert) -> None:
        if self.error:
            raise self.error
        self.taken.append(alert.id)
        self.delivered.set()


class Silent(Opened):
    """A channel that answers only when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = threading.Event()

    def send(self, alert: Alert) -> None:
        assert self.answer.wait(30), "nobody goes on before it answers"
        super().send(alert)


class Said(logging.Handler):
    """Sets an event once the log says a text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.heard = text, threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if self.text in record.getMessage():
            self.heard.set()


class SurprisingJudge(Judge):
    """A judge with a defect that shows once."""

    surprised = False

    def opinions(self, texts: Sequence[str], links: Sequence[Links]) -> list[tuple[Opinion, ...]]:
        if not self.surprised:
            self.surprised = True
            raise KeyError("Desk <desk@x.example>")
        return super().opinions(texts, links)


def test_an_error_that_nobody_expected_is_said_and_the_monitor_goes_on(
    desk: Desk, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "_RETRY", 0.0)
    said, path, channel = Said("nothing comes in: KeyError: 'Desk <desk@x.example>'"), tmp_path / "day.jsonl", Opened()
    items = [*burst().headlines, headline("Kestrin Networks opens the last office", "wire", 50 * 60)]
    path.write_text(
        "".join(json.dumps({"title": each.title, "source": each.source, "date": each.stamp}) + "\n" for each in items),
        encoding="utf-8",
    )
    monkeypatch.setattr(logging.getLogger(desk_module.__name__), "handlers", [said])
    judge = SurprisingJudge.load(run)
    with Desk(desk.store, judge, desk.linker, Settings(replay=str(path)), [channel]) as running:
        assert said.heard.wait(30)
        assert channel.delivered.wait(30), "an alert is sent once the monitor has come back"
        assert not running.died


class RoundsOver(threading.Event):
    """What a stream waits on between two rounds; tells that it waits."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.set()
        return super().wait(timeout)


def test_the_page_says_that_no_feed_answers(desk: Desk) -> None:
    over = RoundsOver()
    settings = Settings(feeds=(FeedSettings(url="http://127.0.0.1:1/feed"),))
    running = Desk(desk.store, desk.judge, desk.linker, settings)
    running.pace = Pace(stop=over)
    with running:
        assert over.waits.wait(30)
        shown = drawing.status(View(running, (), "en", TEXTS["en"]))
    assert "Nothing comes in: no feed answers: feed 127.0.0.1: RefusedAddress" in shown


def test_a_story_counts_once_for_as_long_as_it_is_remembered(desk: Desk) -> None:
    settings = desk.settings.model_copy(update={"stories": StorySettings(window_hours=336)})
    remembering = Desk(desk.store, desk.judge, desk.linker, settings)
    for day in (0, 9, 10):
        remembering.take(Batch("", (headline("Larder recalls its soups after metal was found", "wire", day * 1_440),)))
    assert sum(values["volume"] for _, values in desk.store.points("LRDR")) == pytest.approx(1)


def test_what_is_too_old_is_deleted_once_a_day_of_the_stream(desk: Desk) -> None:
    desk.take(Batch("", (headline("Larder opens a shop", "wire", 0),)))
    desk.take(Batch("", (headline("Larder opens a kitchen", "wire", 91 * 1_440),)))
    assert [row["title"] for row in desk.store.headlines()] == ["Larder opens a kitchen"]


def test_what_was_deleted_does_not_count_again_when_its_feed_still_lists_it(desk: Desk) -> None:
    old = headline("Larder opens a shop", "wire", 0)
    desk.take(Batch("", (old,)))
    desk.take(Batch("", (headline("Larder opens a kitchen", "wire", 91 * 1_440),)))
    again = replace(old, received=START + timedelta(days=92))
    assert (desk.take(Batch("", (again,))).new, len(desk.store.headlines())) == (0, 1)


def test_alerts_go_once_to_the_channels_of_the_settings(alarmed: Desk, tmp_path: Path) -> None:
    written = tmp_path / "alerts.jsonl"
    sent_on = channels.from_settings(ChannelSettings(file=str(written)))
    raised = [as_alert(row) for row in alarmed.store.alerts()]
    with closing(Sender(alarmed.store, sent_on)) as sender:
        assert [sender.send(raised).result() for _ in range(2)] == [False, False]
    lines = written.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [alert.id for alert in raised]
    assert all(alarmed.store.sent(alert.id, sent_on[0].name) for alert in raised)


def test_a_channel_that_does_not_answer_holds_up_no_headline(desk: Desk) -> None:
    channel = Silent()
    sending = Desk(desk.store, desk.judge, desk.linker, desk.settings, [channel])
    with ExitStack() as stack:
        stack.push(sending)
        assert sending.take(burst()).alerts
        assert sending.take(Batch("", (headline("Larder opens a kitchen", "wire", 51 * 60),))).new == 1
        assert not channel.taken
        channel.answer.set()
        assert channel.delivered.wait(30)


NEWEST = START + timedelta(hours=50)


@pytest.mark.parametrize("error", [PermanentFailure("closed"), KeyError("a defect")])
def test_an_alert_that_a_channel_did_not_take_is_sent_later_and_less_and_less_often(
    alarmed: Desk, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    channel, raised = Opened(error), len(alarmed.store.alerts())
    with closing(Sender(alarmed.store, [channel])) as sender:

        def tried(minute: int) -> bool:
            future = sender.send_unsent(NEWEST, START + timedelta(minutes=minute))
            return bool(future and wait([future]))

        assert [minute for minute in range(30) if tried(minute)] == [0, 2, 6, 14]
        assert any(str(error) in line for line in caplog.messages)
        channel.error = None
        assert tried(30)
    assert len(channel.taken) == raised


def test_channels_are_made_of_the_settings() -> None:
    email = {"host": "localhost", "sender": "a@b", "receivers": ["c@d", "e@f"]}
    settings = ChannelSettings.model_validate({"webhooks": ["https://hooks.example/x"], "email": email})
    names = [channel.name.partition("#")[0] for channel in channels.from_settings(settings)]
    assert names == ["webhook:hooks.example", "email:c@d", "email:e@f"]
    with pytest.raises(ConfigError, match=r"password_file: .*nowhere cannot be read"):
        channels.from_settings(ChannelSettings.model_validate({"email": {**email, "password_file": "nowhere"}}))


def test_the_site_starts_the_monitor_and_ends_it(run: Run) -> None:
    with TestClient(hub.build({app.name: run})) as site:
        assert [thread.name for thread in threading.enumerate()].count("monitor") == 1
        for path in ("/financial-sentiment/", "/zh/financial-sentiment/"):
            assert site.get(path).status_code == 200
        assert site.get("/api/financial-sentiment/alerts").json() == {"alerts": []}
    assert "monitor" not in [thread.name for thread in threading.enumerate()]
