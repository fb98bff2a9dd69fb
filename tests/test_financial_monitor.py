"""The pipeline: neither the cut of batches nor a kill changes what comes out, the future changes no past, and floods stay bounded."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import event, select

from financial_stream import HOURS, LINKER, SETTINGS, START, WordListJudge, batches, headline, monitor, stream
from verticals import storage
from verticals_financial_sentiment import overview, tables
from verticals_financial_sentiment.alerts import Alert, Answer
from verticals_financial_sentiment.monitor import Monitor
from verticals_financial_sentiment.records import Headline
from verticals_financial_sentiment.sources.intake import Batch
from verticals_financial_sentiment.store import Store
from verticals_financial_sentiment.text import plain

ITEMS = stream()
EVERY = range(0, len(ITEMS), 12)


class Killed(BaseException):
    """The process ends here: nothing may catch it."""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    stores: list[Store] = []

    def open_store(name: str) -> Store:
        stores.append(Store.open(f"sqlite:///{tmp_path / name}.sqlite"))
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, in an order of their own."""
    with storage.transaction(store.engine) as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in tables.metadata.sorted_tables
            if table is not tables.steps  # grows with the batches, however they are cut
        }


def play(store: Store, cuts: Any = EVERY) -> None:
    watching = monitor(store)
    for batch in batches(ITEMS, cuts, int(store.offset("replay") or 0)):
        watching.take(batch)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Any, ...]]]:
    with closing(Store.open(f"sqlite:///{tmp_path_factory.mktemp('undisturbed') / 'a.sqlite'}")) as store:
        play(store)
        return everything(store)


def test_a_burst_is_noticed_once_with_its_company_and_stories(undisturbed: dict[str, list[tuple[Any, ...]]]) -> None:
    alerts = [dict(zip(tables.alerts.c.keys(), row, strict=True)) for row in undisturbed[tables.alerts.name]]
    assert alerts
    assert {alert["ticker"] for alert in alerts} == {"ARDF"}
    first = min(alerts, key=lambda alert: alert["time"])
    assert timedelta(0) <= first["time"] - (START + timedelta(hours=HOURS - 4)) <= timedelta(hours=1)
    assert not first["single_source"]
    assert len(first["stories"]) >= 2


_BAD_NEWS = (
    *("plunges as fraud probe begins", "chairman resigns over the accounts", "loses a lawsuit in Chile"),
    *("suppliers halt deliveries after default", "bond prices collapse on default fear", "slumps after a recall"),
    *("regulator suspends trading in the shares", "sinks on a profit warning"),
)


def test_good_news_of_another_source_is_no_second_source_of_bad_news(opened: Callable[[str], Store]) -> None:
    begins = 60 * (HOURS - 4)
    quiet = [item for item in ITEMS if item.received < START + timedelta(minutes=begins)]
    good = headline("Ardent Foods wins a record order from Japan", "wire 9", begins)
    blog = [headline(f"Ardent Foods {what}", "blog", begins + 2 * n) for n, what in enumerate(_BAD_NEWS, 1)]
    batch = Batch("", (*quiet, good, *blog), now=START + timedelta(hours=HOURS))
    raised = monitor(opened("good")).take(batch).alerts
    bad = [alert for alert in raised if alert.kind == "negative"]
    assert bad
    assert all(alert.single_source and good.id not in alert.stories for alert in bad)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_how_the_stream_is_cut_into_batches_does_not_matter(
    opened: Callable[[str], Store], undisturbed: dict[str, list[tuple[Any, ...]]], seed: int
) -> None:
    store = opened("cut")
    play(store, sorted(Random(seed).sample(range(1, len(ITEMS)), 9)))
    assert everything(store) == undisturbed


def test_killed_at_twenty_moments_it_ends_as_if_nothing_had_happened(
    opened: Callable[[str], Store], undisturbed: dict[str, list[tuple[Any, ...]]]
) -> None:
    generator, kills = Random(0), 0
    while kills < 20:
        store = opened("killed")
        left = generator.randrange(1, 60)  # statements until the end, inside a transaction or between two

        def count_down(*arguments: object) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed

        event.listen(store.engine, "before_cursor_execute", count_down)
        try:
            play(store, range(0, len(ITEMS), 4))
        except Killed:
            kills += 1
        else:
            break
        store.close()
    assert kills == 20
    store = opened("killed")
    play(store)
    assert everything(store) == undisturbed


def test_killed_for_real_it_goes_on(
    tmp_path: Path, opened: Callable[[str], Store], undisturbed: dict[str, list[tuple[Any, ...]]]
) -> None:
    program = (
        "import sys\nfrom financial_stream import *\n"
        f"store = Store.open('sqlite:///{tmp_path / 'real.sqlite'}')\n"
        "watching = monitor(store)\nitems = stream()\n"
        "for batch in batches(items, range(0, len(items), 12)):\n"
        "    watching.take(batch)\n    print(batch.offset, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=_path()) as process:
        assert process.stdout
        for line in process.stdout:
            if int(line) >= 48:
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    store = opened("real")
    assert 48 <= int(store.offset("replay")) < len(ITEMS)
    play(store)
    assert everything(store) == undisturbed


def _path() -> dict[str, str]:
    return {"PYTHONPATH": ":".join(sys.path)}


def test_the_future_changes_nothing_that_was_said(
    opened: Callable[[str], Store], undisturbed: dict[str, list[tuple[Any, ...]]]
) -> None:
    store, until = opened("past"), START + timedelta(hours=HOURS - 3)
    watching = monitor(store)
    watching.take(Batch("replay", tuple(item for item in ITEMS if item.received < until), now=until))
    seen = everything(store)
    seconds = int(until.timestamp())
    points, alerts = tables.index_points.name, tables.alerts.name
    assert seen[points] == [row for row in undisturbed[points] if row[1] < seconds - 899]
    assert seen[alerts]
    assert set(map(repr, seen[alerts])) <= set(map(repr, undisturbed[alerts]))


RUMOUR = "Ardent Foods hides contaminated cereal batches from health inspectors for months"
TAILS = ("", " - report", ", sources say", ", say people familiar with the matter", " | market update", " (updated)")


def flood() -> list[str]:
    generator = Random(0)
    looks = {"a": "а", "e": "е", "o": "о", "c": "с", "p": "р"}  # Cyrillic
    texts = []
    for number in range(500):
        text = RUMOUR + generator.choice(TAILS)
        if number % 3 == 1:
            text = "".join(looks.get(mark, mark) if generator.random() < 0.3 else mark for mark in text)
        if number % 3 == 2:
            text = "".join(mark + "\u200b" * (generator.random() < 0.2) for mark in text)
        texts.append(text)
    return texts


def test_a_flood_of_copies_moves_the_index_no_more_than_three_stories(opened: Callable[[str], Store]) -> None:
    def moved(name: str, texts: list[str]) -> tuple[float, float, int]:
        store = opened(name)
        watching = monitor(store)
        items = tuple(headline(plain(text), f"account {n}", n / 50) for n, text in enumerate(texts))
        watching.take(Batch("", items, now=START + timedelta(hours=1)))
        points = store.points("ARDF")
        return (
            sum(values["volume"] for _, values in points),
            min(values["mood"] for _, values in points),
            len(overview.stories(store, "ARDF", 1000)),
        )

    three = [
        f"Ardent Foods {what}"
        for what in ("recalls cereal after fraud", "loses its chairman", "faces a lawsuit in Chile")
    ]
    flooded, independent = moved("flood", flood()), moved("three", three)
    assert independent[0] == pytest.approx(3)
    assert flooded[0] <= independent[0]
    assert flooded[1] >= independent[1] - 1e-9
    assert flooded[2] == 1


def test_an_answer_is_kept_once_and_mutes_by_the_clock_of_the_stream(opened: Callable[[str], Store]) -> None:
    store = opened("answer")
    watching = monitor(store)
    raised = [alert for batch in batches(ITEMS, EVERY) for alert in watching.take(batch).alerts]
    answers: tuple[tuple[Answer, str], ...] = (("mute", "muted"), ("unmute", "new"))
    for given, state in answers:
        watching.answer(raised[0].id, given)
        assert store.alert(raised[0].id)["state"] == state
    for _ in range(3):
        assert watching.answer(raised[0].id, "false alarm").caution == pytest.approx(1.25), "one alert, one step"
    feedback = watching.answer(raised[0].id, "mute")
    assert feedback.muted_until == pytest.approx((START + timedelta(hours=HOURS, days=7)).timestamp())
    assert store.alert(raised[0].id)["state"] == "false_alarm", (
        "what an alert was is not forgotten when its company is muted"
    )
    assert watching.answer(raised[0].id, "false alarm").caution == pytest.approx(1.25)
    assert monitor(store).answer(raised[0].id, "acknowledge").muted_until == feedback.muted_until  # after a restart


LIVE = replace(SETTINGS, live=True)


def hour(number: int) -> datetime:
    return START + timedelta(hours=number)


def told(number: int, count: int, at: datetime, received: datetime, behind: bool = False) -> Batch:
    """Unrelated stories about Ardent Foods, published by five papers in one hour."""
    generator = Random(number)
    words = ["".join(generator.choices("bdfgklmnprst", k=8)) for _ in range(5 * count)]
    texts = [" ".join(("Ardent Foods plunges", *words[5 * n : 5 * n + 5])) for n in range(count)]
    items = tuple(Headline(f"paper {n % 5}", at, received, text) for n, text in enumerate(texts))
    return Batch("feed", items, behind=behind)


def watch(watching: Monitor, hours: range) -> list[Alert]:
    """Two items an hour, and each hour's end told by a source that was heard."""
    raised: list[Alert] = []
    for number in hours:
        raised += watching.take(told(number, 2, hour(number), hour(number))).alerts
        raised += watching.take(Batch("", now=hour(number) + timedelta(minutes=59))).alerts
    return raised


def live_monitor(store: Store) -> Monitor:
    return Monitor(store, WordListJudge(), LINKER, LIVE)


def recent(store: Store, ticker: str) -> list[float | None]:
    values: list[float | None] = store.states()[f"ticker:{ticker}"]["detectors"]["volume"]["recent"]
    return values


def test_days_in_which_the_monitor_was_off_are_no_silence_and_what_they_brought_is_no_burst(
    opened: Callable[[str], Store],
) -> None:
    store = opened("off")
    assert watch(live_monitor(store), range(96)) == []
    watching, back = live_monitor(store), hour(96 + 72)  # three days later
    missed = [item for n in range(30) for item in told(96 + n, 2, hour(96 + 2 * n), back).headlines]
    raised = [*watching.take(Batch("feed", tuple(missed))).alerts, *watching.take(Batch("", now=back)).alerts]
    assert recent(store, "ARDF") == [None] * 8
    raised += watch(watching, range(96 + 72, 96 + 72 + 24))
    assert raised == []
    volumes = [values["volume"] for at, values in store.points("ARDF", int(back.timestamp())) if values["volume"]]
    assert max(volumes) <= 2
    assert len(store.headlines(most=1_000)) >= 60


def test_a_burst_after_a_gap_is_still_a_burst(opened: Callable[[str], Store]) -> None:
    store = opened("burst after")
    watch(live_monitor(store), range(96))
    watching, back = live_monitor(store), 96 + 72
    watching.take(Batch("", now=hour(back)))
    watch(watching, range(back, back + 4))
    loud = hour(back + 4)
    watching.take(told(back + 4, 40, loud, loud))
    assert watching.take(Batch("", now=loud + timedelta(hours=2))).alerts


def test_a_round_in_which_no_source_answered_was_not_measured_and_one_that_was_heard_is_silence(
    opened: Callable[[str], Store],
) -> None:
    store = opened("deaf")
    watching = live_monitor(store)
    watch(watching, range(8))
    watching.take(Batch("", now=hour(9)))
    assert recent(store, "ARDF")[-4:] == [0.0] * 4
    watching.take(Batch("", now=hour(10), measured=False))
    half_past = hour(10) + timedelta(minutes=30)
    watching.take(told(10, 2, half_past, half_past))  # posted by hand
    watching.take(Batch("", now=hour(11), measured=False))
    watching.take(told(99, 5, hour(10), hour(12)))  # what the feed lists once it is back
    watching.take(Batch("", now=hour(12)))
    values = recent(store, "ARDF")
    assert values[:2] == [None] * 2
    assert [value for value in values if value] == [2.0], "what came was measured, what was missed is of no bucket"
    watching.take(Batch("", now=hour(13)))
    assert recent(store, "ARDF")[-4:] == [0.0] * 4


def test_a_company_that_a_gap_brought_up_was_not_silent_in_it(opened: Callable[[str], Store]) -> None:
    store = opened("new company")
    watch(live_monitor(store), range(8))
    watching, back = live_monitor(store), hour(8 + 72)
    watching.take(Batch("", (Headline("wire", back, back, "Lindquay Ports wins a small order"),)))
    watching.take(Batch("", now=back))
    assert store.states()["ticker:LNDQ"]["detectors"]["volume"]["measured"] == 0


def test_a_feed_that_is_new_or_back_brings_no_burst_but_its_mood(opened: Callable[[str], Store]) -> None:
    volumes = {}
    for behind in (False, True):
        store = opened(f"behind {behind}")
        watching = live_monitor(store)
        watch(watching, range(4))
        watching.take(told(9, 9, hour(1), hour(4), behind))
        watching.take(Batch("", now=hour(5)))
        point = dict(store.points("ARDF"))[int(hour(4).timestamp())]
        volumes[behind] = point["volume"]
        assert point["mood"] < 0
    assert volumes == {False: pytest.approx(9), True: 0}


@pytest.mark.parametrize(("hours", "volume"), [(5, 9), (30, 0)])
def test_what_is_over_a_day_old_when_it_comes_is_no_burst_whoever_tells_it(
    opened: Callable[[str], Store], hours: int, volume: int
) -> None:
    store = opened("past")
    watching = live_monitor(store)
    watch(watching, range(40))
    watching.take(told(99, 9, hour(40 - hours), hour(40)))
    watching.take(Batch("", now=hour(41)))
    assert dict(store.points("ARDF"))[int(hour(40).timestamp())]["volume"] == pytest.approx(volume)


def test_a_gap_survives_a_kill_before_the_sources_were_heard_again(opened: Callable[[str], Store]) -> None:
    store = opened("killed in the gap")
    watch(live_monitor(store), range(8))
    back = hour(80)
    live_monitor(store).take(Batch("", now=back, measured=False))
    watching = live_monitor(store)
    watching.take(told(9, 9, hour(40), back))
    for minutes in (0, 15):
        watching.take(Batch("", now=back + timedelta(minutes=minutes)))
    assert recent(store, "ARDF")[-1] == 0.0, "what was missed is still known as missed"
