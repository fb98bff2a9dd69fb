"""The site: health, reference, front page, addresses; and nothing fetched from elsewhere."""

import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from toys import settings
from verticals import hub, registry
from verticals.cli import applications
from verticals.evaluation import results
from verticals.runs import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERTICALS_HOME", str(tmp_path_factory.mktemp("runs")))
        return registry.get("customer-service").train(settings(method={"name": "tfidf"}))


@pytest.fixture(scope="module")
def site(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERTICALS_HOME", str(tmp_path_factory.mktemp("served")))
        built = hub.build({"customer-service": run})
    with TestClient(built) as client:
        yield client


def test_health_names_the_run_it_serves(site: TestClient, run: Run) -> None:
    answer = site.get("/healthz").json()
    assert (answer["status"], answer["runs"]) == ("ok", {"customer-service": run.folder.name})
    assert answer["memory_mb"] > 100


@pytest.mark.parametrize(
    ("path", "title", "metric"), [("/health", "Health", "accuracy"), ("/zh/health", "运行状况", "准确率")]
)
def test_the_health_page_names_run_data_and_quality(
    site: TestClient, run: Run, path: str, title: str, metric: str
) -> None:
    page = site.get(path).text
    assert title in page
    assert run.folder.name in page
    assert f"{metric} {run.metrics['metrics']['accuracy']['value']:.3f}" in page


def test_the_comparison_names_a_damaged_result_and_what_it_cannot_compare(
    site: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path))
    assert "verticals benchmark" in site.get("/compare").text
    timing = results.row("toy", "clock", "none", {}, {}, {"seconds": 1.0}, {"name": "toy"}, 0, None)
    results.write(tmp_path / "results" / "clock.json", [timing])
    page = site.get("/compare").text
    assert "none that can be compared" in page
    assert "toy clock (1)" in page
    assert "没有一条可以比较" in site.get("/zh/compare").text
    (tmp_path / "results" / "damaged.json").write_text('{"schema": 1', encoding="utf-8")
    answer = site.get("/compare")
    assert answer.status_code == 200
    assert "damaged.json: not a result document" in answer.text
    assert "toy clock (1)" in answer.text


def test_a_turn_over_rest_has_everything_an_integrator_needs(site: TestClient) -> None:
    turn = site.post("/api/customer-service/turn", json={"message": "my lamp arrived smashed to bits"}).json()
    expected = {
        "conversation",
        "state",
        "message",
        "reply",
        "action",
        "intent",
        "confidence",
        "alternatives",
        "sources",
        "latency_ms",
        "entities",
        "fell_back",
    }
    assert expected == set(turn)
    assert turn["intent"] == "item_damaged"
    assert len(turn["alternatives"]) == 3


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("turn", '{"message": NaN}'),
        ("turn", '{"message": [1e999]}'),
        ("turn", r'{"message": "\ud800"}'),
        ("turn", r'{"message": "hello", "\ud800": 1}'),
        ("turn", r'{"message": "hello", "conversation": "\ud800"}'),
        ("turn", "{no json"),
        ("conversations/x/feedback", r'{"message": 1, "intent": "\ud800"}'),
    ],
)
def test_nonsense_is_refused_in_words_and_not_repeated(site: TestClient, path: str, body: str) -> None:
    answer = site.post(f"/api/customer-service/{path}", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert [set(each) for each in answer.json()["detail"]] == [{"type", "loc", "msg"}]


def test_a_body_that_is_not_called_json_is_answered_with_the_header_it_needs(site: TestClient) -> None:
    answer = site.post(
        "/api/customer-service/turn", content='{"message": "hello"}', headers={"Content-Type": "text/plain"}
    )
    assert answer.status_code == 422
    assert "'Content-Type: application/json'" in answer.json()["detail"][0]["msg"]


def test_what_the_database_refuses_is_for_the_log_and_not_for_strangers(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path))
    with TestClient(hub.build({"customer-service": run})) as site:
        with closing(sqlite3.connect(tmp_path / "customer-service.sqlite")) as database:
            database.execute("ALTER TABLE service_conversations RENAME TO away")
        answer = site.get("/api/customer-service/conversations/secret/export")
    assert answer.status_code == 503
    assert "sqlite" not in answer.text
    (line,) = caplog.messages
    assert line.startswith("verticals_customer_service.api.export: sqlite:///")
    assert "no such table" in line
    assert "secret" not in line


def test_a_body_that_is_larger_than_anything_that_is_taken_is_not_read(site: TestClient) -> None:
    assert site.post("/api/customer-service/turn", content=b"a" * (32 * 2**20 + 1)).status_code == 413


def test_the_reference_lists_the_routes_and_needs_no_other_host(site: TestClient) -> None:
    page = site.get("/docs").text
    for address in re.findall(r"(?:src|href)=.([^'\"]+)", page):
        assert site.get(address).status_code == 200  # its script and style are served here, for it is read offline too
    assert not re.search(r"(src|href)=.https?:", page)
    assert "/api/customer-service/turn" in site.get("/openapi.json").json()["paths"]


def test_the_reference_says_which_statuses_a_route_has_and_which_need_the_key(site: TestClient) -> None:
    routes = site.get("/openapi.json").json()["paths"]
    turn, inbox = (routes[f"/api/customer-service/{path}"] for path in ("turn", "inbox"))
    assert set(turn["post"]["responses"]) == {"200", "400", "404", "413", "422", "429", "503"}
    assert "security" not in turn["post"]
    assert inbox["get"]["security"] == [{"HTTPBearer": []}]
    assert "401" in inbox["get"]["responses"]


def test_a_browser_that_asks_for_an_icon_is_told_that_there_is_none(site: TestClient) -> None:
    assert site.get("/favicon.ico").status_code == 204


@pytest.mark.parametrize(("path", "target"), [("/", "/customer-service/"), ("/zh", "/zh/customer-service/")])
def test_a_single_app_is_shown_at_once(site: TestClient, path: str, target: str) -> None:
    assert site.get(path, follow_redirects=False).headers["location"] == target
    assert site.get(target).status_code == 200


def test_the_front_page_introduces_every_app_in_the_reader_s_language() -> None:
    app = registry.get("customer-service")
    for language, other in (("en", "/zh"), ("zh", "/")):
        page = hub.front_html([app], language, other)
        assert app.summary[language] in page
        assert hub.page_path(app.name, language) in page
        assert not re.search(r"(src|href)=.https?:", page)


def test_a_page_that_stays_open_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = f"""
import asyncio
from collections.abc import AsyncIterator
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from verticals import hub

site = FastAPI()

@site.get("/")
def page() -> StreamingResponse:
    async def words() -> AsyncIterator[str]:
        yield "open"
        await asyncio.Event().wait()
    return StreamingResponse(words())

hub._PATIENCE = 1
hub.serve(site, "127.0.0.1", {port})
"""
    log = tmp_path / "log"
    with log.open("w") as said, subprocess.Popen([sys.executable, "-c", program], stderr=said) as server:
        connection = opened(port, server)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert b"200 OK" in connection.recv(1000)
        server.terminate()
        assert server.wait(20) == -signal.SIGTERM
        connection.close()
    assert "Traceback" not in log.read_text()


def opened(port: int, server: "subprocess.Popen[bytes]") -> socket.socket:
    while server.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=20)
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise AssertionError("the server did not start")


def test_the_process_listens_on_this_machine_only_unless_told() -> None:
    assert applications.demo.__defaults__ is not None
    assert "127.0.0.1" in applications.demo.__defaults__
    assert "0.0.0.0" not in applications.demo.__defaults__
