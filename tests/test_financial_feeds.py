"""Feeds: what polite polling does, and what hostile servers cannot. Every case is served by a real HTTP server on this machine."""

import gzip
import re
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from verticals_financial_sentiment.player import Pace, live
from verticals_financial_sentiment.settings import FeedSettings, Settings
from verticals_financial_sentiment.sources.addresses import is_public
from verticals_financial_sentiment.sources.feeds import FeedReader, FeedState
from verticals_financial_sentiment.sources.intake import Batch
from verticals_financial_sentiment.store import Step, Store

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LARGEST = 200_000
Answer = Callable[[BaseHTTPRequestHandler], None]


def rss(*items: str, head: str = "") -> bytes:
    return f'{head}<rss version="2.0"><channel><title>Wire</title>{"".join(items)}</channel></rss>'.encode()


def item(
    title: str = "Ardent Foods cuts outlook", more: str = "<pubDate>Mon, 02 Mar 2026 11:30:00 GMT</pubDate>"
) -> str:
    return f"<item><title>{title}</title><link>https://wire.example/1</link>{more}</item>"


GOOD = rss(item())
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title><entry><title type="html">Ardent &amp;amp; Co &lt;b&gt;rise&lt;/b&gt;</title>
<link href="https://wire.example/a"/><updated>2026-03-02T06:00:00-05:00</updated><summary>Body.</summary></entry></feed>"""
LAUGHS = (
    '<!DOCTYPE r [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)
BLOWUP = f'<!DOCTYPE r [<!ENTITY x "{"A" * 50_000}">]>'


def send(body: bytes = GOOD, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def endless(chunk: bytes, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        for _ in range(10**9 // len(chunk)):
            handler.wfile.write(chunk)

    return answer


def raw(data: bytes) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(data)

    return answer


HOSTILE: dict[str, tuple[Answer, int]] = {  # the answer, and how many headlines may be read from it
    "empty": (send(b""), 0),
    "spaces": (send(b"   \n"), 0),
    "html page": (send(b"<html><body><h1>Log in</h1></body></html>", Content_Type="text/html"), 0),
    "json": (send(b'{"items": []}', Content_Type="application/json"), 0),
    "random bytes": (send(bytes(range(256)) * 20), 0),
    "null bytes": (send(b"\0" * 5000), 0),
    "unclosed tags": (send(GOOD.removesuffix(b"</channel></rss>")), 1),
    "cut in a tag": (send(GOOD[:-20]), 1),
    "cut in a title": (send(rss(item())[:70]), 0),
    "bare ampersand": (send(rss(item("Ardent & Foods"))), 1),
    "unknown entity": (send(rss(item("Ardent &bogus; Foods"))), 1),
    "wrong encoding named": (send(b'<?xml version="1.0" encoding="no-such-code"?>' + GOOD), 1),
    "utf-16 named, utf-8 sent": (send(b'<?xml version="1.0" encoding="utf-16"?>' + GOOD), 0),
    "broken utf-8": (send(GOOD.replace(b"cuts", b"c\xff\xfets")), 1),
    "wrong charset header": (send(GOOD, Content_Type="text/xml; charset=klingon"), 1),
    "garbage content type": (send(GOOD, Content_Type=";;;;=\x7f"), 1),
    "billion laughs": (send(rss(item("&j;"), head=LAUGHS)), 1),
    "quadratic blow-up": (send(rss(item("&x;" * 5000), head=BLOWUP)), 1),
    "external entity": (send(rss(item("&x;"), head='<!DOCTYPE r [<!ENTITY x SYSTEM "/etc/passwd">]>')), 1),
    "external dtd": (send(rss(item(), head='<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd">')), 1),
    "parameter entity": (send(rss(item(), head='<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p">%p;]>')), 1),
    "1 GB body": (endless(b"A" * 65_536), 0),
    "1 GB feed": (endless(rss(item()) * 100), 0),
    "1 GB in gzip": (send(gzip.compress(b"A" * 40_000_000), Content_Encoding="gzip"), 0),
    "broken gzip": (send(b"not gzip at all", Content_Encoding="gzip"), 0),
    "brotli unasked": (send(GOOD, Content_Encoding="br"), 0),
    "deflate unasked": (send(zlib.compress(GOOD), Content_Encoding="deflate"), 0),
    "endless redirect": (send(b"", 302, Location="/endless redirect".replace(" ", "%20")), 0),
    "redirect to a file": (send(b"", 302, Location="file:/etc/passwd"), 0),
    "redirect to ftp": (send(b"", 302, Location="ftp://127.0.0.1/x"), 0),
    "redirect to metadata": (send(b"", 302, Location="http://169.254.169.254/latest/meta-data/"), 0),
    "redirect to localhost": (send(b"", 302, Location="http://localhost:1/x"), 0),
    "redirect to ipv6 loopback": (send(b"", 302, Location="http://[::1]:1/"), 0),
    "redirect to decimal loopback": (send(b"", 302, Location="http://2130706433:1/"), 0),
    "redirect to nowhere": (send(b"", 302), 0),
    "redirect to rubbish": (send(b"", 302, Location="http://[::bad/"), 0),
    "redirect to a wrong port": (send(b"", 302, Location="http://127.0.0.1:99999/"), 0),
    "server error": (send(b"oops", 500), 0),
    "not found": (send(GOOD, 404), 0),
    "no http": (raw(b"\x16\x03\x01 this is no HTTP\r\n\r\n"), 0),
    "closed at once": (raw(b""), 0),
    "headers without end": (raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000), 0),
    "long header": (raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000 + b"\r\n\r\n"), 0),
    "length too large": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + GOOD), 0),
    "bad chunks": (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"), 0),
    "script in title": (send(rss(item("Ardent &lt;script&gt;alert(1)&lt;/script&gt;"))), 1),
    "script in cdata": (send(rss(item("<![CDATA[Ardent <script>alert(1)</script><img src=x onerror=alert(1)>]]>"))), 1),
    "script in body": (send(rss(item(more="<description>&lt;svg onload=alert(1)&gt;x</description>"))), 1),
    "javascript link": (send(rss("<item><title>Ardent</title><link>javascript:alert(1)</link></item>")), 1),
    "data link": (send(rss("<item><title>Ardent</title><link>data:text/html,x</link></item>")), 1),
    "only markup": (send(rss(item("<![CDATA[<script>alert(1)</script>]]>"))), 0),
    "no date": (send(rss(item(more=""))), 1),
    "date in the year 9999": (send(rss(item(more="<pubDate>Fri, 31 Dec 9999 23:59:59 GMT</pubDate>"))), 1),
    "date in the year 0": (send(rss(item(more="<pubDate>0000-00-00</pubDate>"))), 1),
    "date with a huge zone": (send(rss(item(more="<pubDate>Mon, 02 Mar 2026 11:30:00 +9999</pubDate>"))), 1),
    "date of rubbish": (send(rss(item(more=f"<pubDate>{'9' * 5000}</pubDate>"))), 1),
    "the same id twice": (send(rss(item(), item())), 2),
    "no title": (send(rss("<item><link>https://wire.example/2</link></item>")), 0),
    "title of 100 kB": (send(rss(item("Ardent " * 15_000))), 1),
    "too many entries": (send(rss(*["<item><title>x</title></item>"] * 1200)), 1000),
    "nested deeply": (send(rss(item("<b>" * 5_000 + "x"))), 1),
    "bidirectional override": (send(rss(item("Ardent \u202eevil\u2066 x"))), 1),
    "control characters": (send(rss(item("Ardent \x1b[31mred\x07"))), 1),
    "cookies": (send(GOOD, Set_Cookie="a=b; Domain=.example; Expires=x; " + "z" * 4000), 1),
    "etag to smuggle": (send(GOOD, ETag='"a" é\tx'), 1),
}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    answers: dict[str, Answer]
    asked: list[dict[str, str]]

    def handle_error(self, request: object, client_address: object) -> None:
        """The client hangs up on purpose; that is no error of the test."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append({name.lower(): value for name, value in self.headers.items()})
        self.server.answers[self.path.strip("/").replace("%20", " ").replace("%2C", ",")](self)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.answers = {name: answer for name, (answer, _) in HOSTILE.items()}
        running.asked = []
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def reader() -> Iterator[FeedReader]:
    made = FeedReader(allowed={"127.0.0.1"}, largest=LARGEST)
    yield made
    made.close()


def address(server: Server, name: str, answer: Answer | None = None) -> str:
    if answer:
        server.answers[name] = answer
    return f"http://127.0.0.1:{server.server_port}/{name.replace(' ', '%20')}"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_feed_harms_nothing(server: Server, reader: FeedReader, name: str) -> None:
    batch = reader.poll(address(server, name), "", NOW)
    assert len(batch.headlines) == HOSTILE[name][1]
    if not batch.headlines and name not in ("no title", "only markup"):
        assert batch.problems, "what went wrong is said"
        assert not FeedState.from_offset(batch.offset).is_due(NOW + timedelta(seconds=59))
    for line in batch.problems:
        assert line.startswith("feed 127.0.0.1: ") and line.isprintable() and len(line) < 400
    for headline in batch.headlines:
        shown = f"{headline.title} {headline.body} {headline.url}"
        assert not re.search(r"<[a-zA-Z/!?]|alert\(1\)<|javascript:|data:|root:", shown)
        assert shown.isprintable()
        assert len(shown) < 25_000
        assert headline.published <= NOW
        assert headline.received == NOW


def test_there_are_at_least_forty_hostile_cases() -> None:
    assert len(HOSTILE) >= 40


def poll_good(server: Server, reader: FeedReader, answer: Answer, offset: str = "", now: datetime = NOW) -> Batch:
    return reader.poll(address(server, "good", answer), offset, now)


def test_rss_and_atom_become_headlines_with_their_times_in_utc(server: Server, reader: FeedReader) -> None:
    (first,) = poll_good(server, reader, send(GOOD)).headlines
    assert (first.title, first.url, first.source) == (
        "Ardent Foods cuts outlook",
        "https://wire.example/1",
        "127.0.0.1",
    )
    assert first.published == datetime(2026, 3, 2, 11, 30, tzinfo=UTC)
    (second,) = poll_good(server, reader, send(gzip.compress(ATOM), Content_Encoding="gzip")).headlines
    assert (second.title, second.body) == ("Ardent & Co rise", "Body.")
    assert second.published == datetime(2026, 3, 2, 11, tzinfo=UTC)


def test_a_feed_that_is_read_again_is_asked_conditionally(server: Server, reader: FeedReader) -> None:
    first = poll_good(server, reader, send(GOOD, ETag='"v1"', Last_Modified="Mon, 02 Mar 2026 11:31:00 GMT"))
    later = NOW + timedelta(minutes=6)
    second = poll_good(server, reader, send(b"", 304), first.offset, later)
    assert server.asked[-1]["if-none-match"] == '"v1"'
    assert server.asked[-1]["if-modified-since"] == "Mon, 02 Mar 2026 11:31:00 GMT"
    assert not second.headlines and not second.problems
    assert FeedState.from_offset(second.offset).etag == '"v1"'


def test_the_same_item_has_the_same_id_at_every_poll(server: Server, reader: FeedReader) -> None:
    first = poll_good(server, reader, send(GOOD))
    second = poll_good(server, reader, send(GOOD), first.offset, NOW + timedelta(minutes=6))
    assert [headline.id for headline in first.headlines] == [headline.id for headline in second.headlines]


def test_a_feed_is_not_asked_before_it_is_due(server: Server, reader: FeedReader) -> None:
    first = poll_good(server, reader, send(GOOD))
    asked = len(server.asked)
    assert poll_good(server, reader, send(GOOD), first.offset, NOW + timedelta(minutes=4)).offset == first.offset
    assert len(server.asked) == asked


def test_a_feed_is_asked_as_often_as_the_settings_say(server: Server, tmp_path: Path) -> None:
    feeds = (FeedSettings(url=address(server, "good", send(GOOD))),)
    settings = Settings(feeds=feeds, poll_minutes=60, allowed_hosts=("127.0.0.1",))
    with (
        closing(Store.open(f"sqlite:///{tmp_path / 'feeds.sqlite'}")) as store,
        closing(live(settings, store, Pace())) as batches,
    ):
        state = FeedState.from_offset(next(batches).offset)
    assert not state.is_due(datetime.now(UTC) + timedelta(minutes=59))
    assert state.is_due(datetime.now(UTC) + timedelta(minutes=60))


def rounds(settings: Settings, store: Store, server: Server, answers: list[Answer], keep: bool = False) -> list[Batch]:
    """Return the end of each round of a live stream, in which the feeds are answered so; `keep` saves where they were left."""
    ends: list[Batch] = []
    with closing(live(settings, store, Pace())) as batches:
        for answer in answers:
            server.answers["good"] = answer
            while not (batch := next(batches)).now:
                store.save(Step(batch.origin, batch.offset) if keep else Step())
            ends.append(batch)
    return ends


def test_a_round_in_which_no_feed_answers_says_why_and_was_not_measured(server: Server, tmp_path: Path) -> None:
    feeds = (FeedSettings(url=address(server, "good")), FeedSettings(url=address(server, "server error")))
    settings = Settings(feeds=feeds, poll_minutes=1e-6, allowed_hosts=("127.0.0.1",))
    with closing(Store.open(f"sqlite:///{tmp_path / 'feeds.sqlite'}")) as store:
        gone, page, heard = rounds(settings, store, server, [send(b"", 410), send(b"<html>sorry"), send(GOOD)])
        settings = settings.model_copy(update={"feeds": feeds[:1]})
        ends = rounds(settings, store, server, [send(b"", 404), send(GOOD)], keep=True)
    assert [end.measured for end in (gone, page, heard)] == [False, False, True]
    assert "410 Gone" in gone.problem and "found 500" in gone.problem
    assert "expected RSS or Atom" in page.problem
    assert heard.problem == ""
    assert [end.measured for end in ends] == [False, False], "a feed that is left alone for a while is not heard"
    assert "found 404" in ends[1].problem


def test_a_folder_is_heard_although_no_feed_answers(server: Server, tmp_path: Path) -> None:
    feeds = (FeedSettings(url=address(server, "good")),)
    settings = Settings(feeds=feeds, folder=str(tmp_path), poll_minutes=1e-6, allowed_hosts=("127.0.0.1",))
    with closing(Store.open(f"sqlite:///{tmp_path / 'feeds.sqlite'}")) as store:
        (end,) = rounds(settings, store, server, [send(b"", 404)])
    assert end.measured and "found 404" in end.problem


def test_the_first_answer_of_a_feed_that_is_new_or_was_not_heard_is_behind(server: Server, reader: FeedReader) -> None:
    first = poll_good(server, reader, send(GOOD))
    second = poll_good(server, reader, send(GOOD), first.offset, NOW + timedelta(minutes=6))
    failed = poll_good(server, reader, send(b"", 503), second.offset, NOW + timedelta(minutes=12))
    back = poll_good(server, reader, send(GOOD), failed.offset, NOW + timedelta(minutes=18))
    assert [batch.behind for batch in (first, second, back)] == [True, False, True]
    assert FeedState.from_offset(back.offset).troubles == []


def test_an_offset_of_an_earlier_version_is_still_read() -> None:
    state = FeedState.from_offset(
        '{"etag": "", "modified": "", "failures": 2, "due": "2026-03-02T12:00:00+00:00", "gone": false}'
    )
    assert len(state.troubles) == 1


def test_failures_double_the_wait_up_to_a_limit(server: Server, reader: FeedReader) -> None:
    offset, now, waits = "", NOW, []
    for _ in range(12):
        offset = poll_good(server, reader, send(b"", 503), offset, now).offset
        due = datetime.fromisoformat(FeedState.from_offset(offset).due)
        waits.append(due - now)
        now = due
    assert waits[1] == 2 * waits[0]
    assert waits[0] >= timedelta(minutes=1)
    assert timedelta(hours=6) <= waits[-1] == waits[-2] <= timedelta(hours=7)
    recovered = poll_good(server, reader, send(GOOD), offset, now)
    assert FeedState.from_offset(recovered.offset).failures == 0


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("7200", 7200, 7200), ("Mon, 02 Mar 2026 14:00:00 GMT", 7200, 7200), ("9" * 30, 86_400, 86_400), ("soon", 60, 70)],
)
def test_a_server_may_ask_to_be_left_alone_for_up_to_a_day(
    server: Server, reader: FeedReader, header: str, least: int, most: int
) -> None:
    batch = poll_good(server, reader, send(b"", 429, Retry_After=header))
    wait = (datetime.fromisoformat(FeedState.from_offset(batch.offset).due) - NOW).total_seconds()
    assert least <= wait <= most


def test_a_feed_that_is_gone_is_not_asked_again(server: Server, reader: FeedReader) -> None:
    batch = poll_good(server, reader, send(b"", 410))
    assert not FeedState.from_offset(batch.offset).is_due(NOW + timedelta(days=365))


UNFINISHED = {
    "headers": b"HTTP/1.1 200 OK\r\nX-Slow: ",
    "a body": b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + GOOD,
    "a body of unknown length": b"HTTP/1.1 200 OK\r\n\r\n" + GOOD,
}


@pytest.mark.parametrize("part", UNFINISHED)
def test_an_answer_that_does_not_end_is_given_up_at_the_deadline(server: Server, part: str) -> None:
    def stall(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(UNFINISHED[part])
        handler.rfile.read(1)  # until the reader hangs up

    with closing(FeedReader(allowed={"127.0.0.1"}, deadline=0.3)) as slow:
        batch = poll_good(server, slow, stall)
    assert "took longer than 0.3 seconds" in batch.problems[0]
    assert not batch.headlines
    with closing(FeedReader(allowed={"127.0.0.1"}, deadline=0.3)) as again:
        assert poll_good(server, again, send(GOOD)).headlines


def test_private_hosts_are_refused_unless_allowed(server: Server) -> None:
    strict = FeedReader()
    asked = len(server.asked)
    batch = poll_good(server, strict, send(GOOD))
    strict.close()
    assert "not a public address" in batch.problems[0]
    assert "app.allowed_hosts" in batch.problems[0]
    assert len(server.asked) == asked


def test_a_name_is_resolved_once_and_the_checked_address_is_used(server: Server) -> None:
    """DNS rebinding: the second answer would be private, so there must be no second question."""
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if host == "allowed.example" else next(answers)

    reader = FeedReader(allowed={"allowed.example"}, resolve=rebinding)
    port = server.server_port
    server.answers["hop"] = send(b"", 302, Location=f"http://evil.example:{port}/good")
    server.answers["good"] = send(GOOD)
    next(answers)  # what follows answers with the loopback address
    batch = reader.poll(f"http://allowed.example:{port}/hop", "", NOW)
    reader.close()
    assert asked == ["allowed.example", "evil.example"]
    assert not batch.headlines
    assert "evil.example resolves to 127.0.0.1" in batch.problems[0]
    assert server.asked[-1]["host"] == f"allowed.example:{port}"


@pytest.mark.parametrize(
    "ip",
    [
        *[
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ],
        *["255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"],
        *["2002:7f00:1::", "64:ff9b::7f00:1", "rubbish"],
    ],
)
def test_private_addresses_are_known_in_every_spelling(ip: str) -> None:
    assert not is_public(ip)


@pytest.mark.parametrize(
    "ip", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808"]
)
def test_public_addresses_are_public(ip: str) -> None:
    assert is_public(ip)
