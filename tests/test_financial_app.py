"""The app as the command line and the web process see it: samples, settings, a judge that trains, a route that judges."""

import json
from collections import Counter

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from verticals.config import build
from verticals.errors import ConfigError
from verticals_financial_sentiment import app, data, recipe
from verticals_financial_sentiment.linking import Linker
from verticals_financial_sentiment.settings import Settings
from verticals_financial_sentiment.text import folded, plain


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
        ("feeds", [{"url": "file:x"}], "pattern"),
        ("replay_speed", 5000, "less than or equal to 1000"),
        ("keep_day", 3, "did you mean 'keep_days'"),
    ],
)
def test_a_wrong_setting_says_what_is_wrong(name: str, value: object, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        build([{"app": {name: value}}], Settings)


def test_a_trained_judge_keeps_its_symbols_and_answers_by_company() -> None:
    run = app.train(build([{"method": {"name": "tfidf"}}], Settings))
    assert recipe.symbols(run) == data.symbols(run.config)
    site = FastAPI()
    site.include_router(app.serve(run).api)
    posted = {"title": "Kestrin Networks' profit jumps while <b>Fairmoor Airways</b> sinks to a loss"}
    answer = TestClient(site).post("/judge", json={"headlines": [posted, {"body": " "}]}).json()
    (judged,) = answer["headlines"]
    assert judged["text"].startswith("Kestrin Networks' profit jumps while Fairmoor Airways sinks")
    assert set(judged["companies"]) == {"KSTN", "FMAW"}
    for opinion in judged["companies"].values():
        assert opinion["positive"] + opinion["neutral"] + opinion["negative"] == pytest.approx(1)
    assert answer["counts"] == {"blank": 1, "empty_body": 1, "undated": 1}
