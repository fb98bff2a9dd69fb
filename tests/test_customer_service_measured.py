"""What the suites measure: how conversations end, and customers who all write at once."""

import csv
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bots import keyword_bot
from toys import settings
from verticals import runs
from verticals.config import home
from verticals.data.examples import text_key
from verticals.storage import open_database
from verticals_customer_service import benchmark, benchmark_conversations, data, knowledge, recipe, tables
from verticals_customer_service.api import build_api
from verticals_customer_service.benchmark_conversations import DEVELOPMENT, HARD, HELD_OUT, Played, Script, judge
from verticals_customer_service.benchmark_load import Exchange, Load, cost_of, write
from verticals_customer_service.desk import Desk

LOAD = Load(customers=3, seconds=0.3, pause=0, messages=2)


def played(wanted: str, came: str, article: str | None = None, gold: str | None = None) -> Played:
    return Played(Script("s", "kind", ("hello",), (), date(2026, 3, 9), wanted, gold), came, article, ())


def test_containment_counts_what_the_bot_can_finish_and_rightly_did() -> None:
    found = judge(
        [
            played("answered", "answered", "a", "a"),
            played("answered", "answered", "b", "a"),  # the wrong article
            played("done", "done"),
            played("done", "handed_over"),
            played("handed_over", "handed_over"),
            played("handed_over", "unresolved"),
        ]
    )
    expected = {
        "containment": 2 / 4,
        "hand_over_precision": 1 / 2,
        "hand_over_recall": 1 / 2,
        "wrong_answers": 1 / 2,
        "tasks_done": 1 / 2,
        "outcome_accuracy": 3 / 6,
    }
    assert {name: each.value for name, each in found.items()} == pytest.approx(expected)


def test_a_suite_of_the_shipped_bot_trains_it_where_it_is_missing_and_the_next_one_finds_it() -> None:
    config = settings(method={"name": "tfidf"})
    (row,) = benchmark.turns(config)
    assert (row["suite"], row["method"], row["data"]["name"]) == ("turns", "tfidf", "shipped")
    assert recipe.trained_once(config) == runs.latest("customer-service")
    assert len(runs.folders_in(home() / "customer-service")) == 1


@pytest.mark.parametrize("file", [DEVELOPMENT, HARD, HELD_OUT])
def test_every_script_has_a_known_article_exactly_where_it_is_answered(file: str) -> None:
    scripts = benchmark_conversations.read(data.SAMPLES / file)
    articles = {article.id for article in knowledge.read_articles(data.SAMPLES / "articles.jsonl")}
    assert len({script.id for script in scripts}) == len(scripts) >= 100
    for script in scripts:
        assert (script.article in articles) == (script.outcome == "answered"), script.id
        assert script.outcome in ("answered", "done", "handed_over"), script.id


def test_no_held_out_message_stands_in_what_the_bot_was_made_with() -> None:
    mended_on = [script for file in (DEVELOPMENT, HARD) for script in benchmark_conversations.read(data.SAMPLES / file)]
    development = {key for script in mended_on for key in _keys(script)}
    learned = {text_key(text) for text in _learned_texts()}
    for script in benchmark_conversations.read(data.SAMPLES / HELD_OUT):
        assert not {key for key in _keys(script) if len(key.split()) > 4} & (development | learned), script.id


def _learned_texts() -> Iterator[str]:
    for name in ("utterances.csv", "escalations.csv"):
        with (data.SAMPLES / name).open(encoding="utf-8", newline="") as file:
            yield from (row["text"] for row in csv.DictReader(file))
    for article in knowledge.read_articles(data.SAMPLES / "articles.jsonl"):
        yield from article.asked


def test_a_customer_who_is_asked_back_at_the_end_says_it_in_other_words_once() -> None:
    script = Script("s", "kind", ("hmm",), (), date(2026, 3, 9), "answered", "t1", if_asked="track it")
    assert benchmark_conversations.play(keyword_bot(), script).actions == ("clarify", "answer")
    plain = Script("s", "kind", ("track it",), (), date(2026, 3, 9), "answered", "t1", if_asked="hmm")
    assert benchmark_conversations.play(keyword_bot(), plain).actions == ("answer",)


def _keys(script: Script) -> set[str]:
    return {text_key(message) for message in (*script.messages, script.if_asked or "")}


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Callable[[], httpx.Client]]:
    engine = open_database(f"sqlite:///{tmp_path / 'load.db'}", tables.metadata)
    site = FastAPI()
    desk = Desk(keyword_bot(), engine, tmp_path / "learned.csv")
    site.include_router(build_api(desk, "key"), prefix="/api/customer-service")
    yield lambda: cast(httpx.Client, TestClient(site))
    engine.dispose()


def test_customers_who_write_at_once_get_their_own_answers(connect: Callable[[], httpx.Client]) -> None:
    exchanges = write(connect, ["my refund", "please track it"], LOAD)
    assert len(exchanges) >= LOAD.customers * 2
    assert [(each.error, each.mixed_up) for each in exchanges if each.error or each.mixed_up] == []


def test_an_answer_to_somebody_else_and_an_error_are_noticed() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(500)
        entities = [{"kind": "order_number", "value": "BW-99999"}]
        reply: dict[str, Any] = {"conversation": "one", "state": "bot", "entities": entities}
        return httpx.Response(200, text=json.dumps(reply))

    def connect() -> httpx.Client:
        return httpx.Client(base_url="http://shop.example", transport=httpx.MockTransport(answer))

    exchanges = write(connect, ["my refund"], Load(customers=1, seconds=0.05, pause=0, messages=1))
    assert exchanges[0].mixed_up and "BW-99999" in exchanges[0].mixed_up
    assert exchanges[1].error and "500" in exchanges[1].error


def test_the_time_to_an_answer_is_that_of_answered_turns_alone() -> None:
    slow, failed = Exchange("turn", 0.2), Exchange("turn", 9.0, error="500")
    read = Exchange("transcript", 0.001)
    assert cost_of([slow, read, read, failed, read]) == {
        "requests": 5,
        "errors": 1,
        "mixed_up": 0,
        "p50_ms": 200.0,
        "p95_ms": 200.0,
    }
