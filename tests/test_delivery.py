"""Delivery to a file, a real web server and a real mail server on this machine: retries, back-off, and nothing twice."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from verticals_financial_sentiment.alerts import Alert
from verticals_financial_sentiment.channels import EmailChannel, FileChannel, WebhookChannel, message
from verticals_financial_sentiment.delivery import (
    Channel,
    Delivery,
    PermanentFailure,
    Retry,
    TemporaryFailure,
    as_csv,
    as_record,
    deliver,
)

ALERT = Alert(
    id="5f" * 16,
    ticker="ABC",
    time=datetime(2015, 4, 28, 14, 5, tzinfo=UTC),
    kind="negative",
    severity="high",
    score=6.24,
    reason={"en": "negative volume 6.2 sigma above the norm", "zh": "负面消息量高出常态 6.2 个标准差"},
    stories=("s1", "s2"),
    single_source=False,
)
OTHER = replace(ALERT, id="a0" * 16, ticker="XYZ")


@dataclass
class Kept:
    """An outbox in memory, which outlives what sends."""

    rows: set[tuple[str, str]] = field(default_factory=set)

    def sent(self, alert: str, channel: str) -> bool:
        return (alert, channel) in self.rows

    def record(self, alert: str, channel: str) -> None:
        self.rows.add((alert, channel))


@dataclass
class Flaky:
    """A channel that fails as often as it is told to."""

    failures: list[Exception]
    name: str = "flaky"
    got: list[str] = field(default_factory=list)

    def send(self, alert: Alert) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.got.append(alert.id)


@dataclass
class Web:
    """A web server that answers with the codes it is given, then with 200."""

    url: str
    codes: list[int]
    requests: list[tuple[dict[str, str], Any]]


@pytest.fixture
def web() -> Iterator[Web]:
    codes: list[int] = []
    requests: list[tuple[dict[str, str], Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.append((dict(self.headers), json.loads(body)))
            self.send_response(codes.pop(0) if codes else 200)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Web(f"http://127.0.0.1:{server.server_port}/hook?token=secret", codes, requests)
        server.shutdown()
        thread.join()


@dataclass
class Mailbox:
    """What a mail server took; it answers the recipient with the codes it is given first."""

    port: int = 0
    codes: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.codes:
            return self.codes.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content)
        return "250 OK"


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return int(found.getsockname()[1])


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox(free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


def no_wait(seconds: float) -> None:
    """Wait not at all."""


def send(channel: Channel, outbox: Kept | None = None) -> Delivery:
    (delivery,) = deliver([ALERT], [channel], outbox or Kept(), no_wait)
    return delivery


def test_temporary_failures_are_tried_again_with_growing_waits() -> None:
    waits: list[float] = []
    channel = Flaky([TemporaryFailure("busy")] * 3)
    (delivery,) = deliver([ALERT], [channel], Kept(), waits.append, Retry(attempts=4, wait=1.0, growth=4.0))
    assert (delivery.attempts, delivery.problem, channel.got) == (4, "", [ALERT.id])
    assert waits == [1.0, 4.0, 16.0]


def test_what_failed_is_reported_not_recorded_and_goes_out_the_next_time() -> None:
    outbox, channel = Kept(), Flaky([TemporaryFailure("busy")] * 4)
    assert send(channel, outbox) == Delivery(ALERT.id, "flaky", 4, "busy")
    assert outbox.rows == set()
    assert send(channel, outbox).problem == ""


def test_a_permanent_failure_is_tried_once_and_keeps_nothing_from_the_others() -> None:
    broken, fine = Flaky([PermanentFailure("gone")]), Flaky([], "fine")
    deliveries = deliver([ALERT], [broken, fine], Kept(), no_wait)
    assert [(each.attempts, each.problem) for each in deliveries] == [(1, "gone"), (1, "")]
    assert fine.got == [ALERT.id]


def test_nothing_is_sent_twice_on_a_channel_even_by_a_new_sender() -> None:
    outbox, channel = Kept(), Flaky([])
    for _ in range(3):
        deliver([ALERT, OTHER, ALERT], [channel], outbox, no_wait)
    assert channel.got == [ALERT.id, OTHER.id]


def test_a_webhook_gets_the_alert_and_the_key_that_tells_a_repetition(web: Web) -> None:
    with httpx.Client() as client:
        channel = WebhookChannel(web.url, client)
        assert send(channel).problem == ""
        assert "secret" not in channel.name + repr(client)
    ((headers, body),) = web.requests
    assert headers["Idempotency-Key"] == ALERT.id
    assert body == json.loads(json.dumps(as_record(ALERT)))


@pytest.mark.parametrize(
    ("codes", "attempts", "problem"),
    [([503, 429], 3, ""), ([500] * 4, 4, "answered 500"), ([404], 1, "answered 404"), ([302], 1, "answered 302")],
)
def test_a_webhook_is_tried_again_only_where_that_may_help(
    web: Web, codes: list[int], attempts: int, problem: str
) -> None:
    web.codes += codes
    with httpx.Client() as client:
        delivery = send(WebhookChannel(web.url, client))
    assert (delivery.attempts, delivery.problem, len(web.requests)) == (attempts, problem, attempts)


def test_a_webhook_that_is_not_there_is_a_temporary_failure() -> None:
    with httpx.Client() as client, pytest.raises(TemporaryFailure, match="ConnectError"):
        WebhookChannel(f"http://127.0.0.1:{free_port()}/", client).send(ALERT)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "no address", "http://[::1"])
def test_what_is_no_web_address_is_a_permanent_failure(url: str) -> None:
    with httpx.Client() as client:
        assert send(WebhookChannel(url, client)).problem.startswith("not a web address")


def test_an_email_arrives_in_both_languages_with_an_id_of_its_own(mailbox: Mailbox) -> None:
    assert send(EmailChannel("127.0.0.1", mailbox.port, "monitor@example.org", "desk@example.org")).problem == ""
    (raw,) = mailbox.mails
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["Subject"] == "[high] ABC: negative 6.2 sigma"
    assert mail["Message-ID"] == f"<{ALERT.id}@example.org>"
    text = mail.get_content()
    assert ALERT.reason["en"] in text
    assert ALERT.reason["zh"] in text
    assert "No investment advice" in text


@pytest.mark.parametrize(
    ("codes", "attempts", "problem"),
    [(["450 busy"], 2, ""), (["550 unknown"], 1, "answered 550"), (["451 later"] * 4, 4, "answered 451")],
)
def test_a_mail_server_is_asked_again_only_where_that_may_help(
    mailbox: Mailbox, codes: list[str], attempts: int, problem: str
) -> None:
    mailbox.codes += codes
    delivery = send(EmailChannel("127.0.0.1", mailbox.port, "monitor@example.org", "desk@example.org"))
    assert (delivery.attempts, delivery.problem) == (attempts, problem)
    assert len(mailbox.mails) == (problem == "")


@pytest.mark.parametrize("receiver", ["Desk <desk@example.org>", "desk@example.org (the desk)"])
def test_a_refused_receiver_with_a_display_name_is_a_failure_like_any_other(mailbox: Mailbox, receiver: str) -> None:
    mailbox.codes += ["550 unknown"]
    delivery = send(EmailChannel("127.0.0.1", mailbox.port, "monitor@example.org", receiver))
    assert (delivery.attempts, delivery.problem) == (1, "answered 550")


def test_a_receiver_that_is_no_address_is_a_permanent_failure(mailbox: Mailbox) -> None:
    delivery = send(EmailChannel("127.0.0.1", mailbox.port, "monitor@example.org", "a@example.org\nBcc: b@example.org"))
    assert delivery.attempts == 1
    assert "addresses of one line" in delivery.problem


def test_a_password_is_not_sent_without_encryption(mailbox: Mailbox) -> None:
    channel = EmailChannel("127.0.0.1", mailbox.port, "a@example.org", "b@example.org", user="me", password="hidden")
    delivery = send(channel)
    assert delivery.attempts == 1
    assert "STARTTLS" in delivery.problem
    assert "hidden" not in repr(channel)
    assert mailbox.mails == []


def test_a_ticker_cannot_add_a_header() -> None:
    mail = message(replace(ALERT, ticker="ABC\r\nBcc: all@example.org"), "a@example.org", "b@example.org")
    assert mail["Bcc"] is None
    assert mail["Subject"] == "[high] ABC Bcc: all@example.org: negative 6.2 sigma"


def test_the_file_has_every_alert_once_although_the_outbox_was_lost(tmp_path: Path) -> None:
    channel = FileChannel(tmp_path / "out" / "alerts.jsonl")
    for _ in range(2):
        deliver([ALERT, OTHER], [channel], Kept(), no_wait)
    rows = [json.loads(line) for line in channel.path.read_text(encoding="utf-8").splitlines()]
    assert rows == [json.loads(json.dumps(as_record(each))) for each in (ALERT, OTHER)]


def test_a_line_that_a_crash_cut_off_is_written_again_whole(tmp_path: Path) -> None:
    channel = FileChannel(tmp_path / "alerts.jsonl")
    deliver([ALERT, OTHER], [channel], Kept(), no_wait)
    whole = channel.path.read_bytes()
    channel.path.write_bytes(whole[:-20])
    deliver([ALERT, OTHER], [channel], Kept(), no_wait)
    assert channel.path.read_bytes() == whole


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    delivery = send(FileChannel(tmp_path / "taken" / "alerts.jsonl"))
    assert delivery.attempts == 1
    assert str(tmp_path / "taken") in delivery.problem


@pytest.mark.parametrize("ticker", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\r=1", "＝1"])
def test_no_cell_of_the_table_is_a_formula(ticker: str) -> None:
    table = as_csv([replace(ALERT, ticker=ticker, score=-2.0)], "en")
    assert f"'{ticker}" in table
    assert "'-2.00" in table


def test_the_table_speaks_the_language_asked_for() -> None:
    assert ALERT.reason["zh"] in as_csv([ALERT], "zh")
