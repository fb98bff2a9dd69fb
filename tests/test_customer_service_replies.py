"""Generated replies: what is grounded, what falls back to the article, what a model gets to read, and models over the wire."""

import json
import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel, set_seed

from toys import Outcome, settings
from verticals.errors import ConfigError
from verticals.objectives import generate
from verticals_customer_service import benchmark_dialogues, responder, responders
from verticals_customer_service.chat import ChatResponder, EndpointChat, LocalChat
from verticals_customer_service.groundedness import ungrounded
from verticals_customer_service.knowledge import Source
from verticals_customer_service.responder import Reply, Request, Seq2SeqResponder, Template, grounded
from verticals_customer_service.settings import Settings

ARTICLE = Source(
    "returns",
    "Sending things back",
    "You have 45 days. Write to help@shop.example or ring Mara Lind, Monday to Friday. Large items cost £1,240.00 at most.",
)
SOURCES = [ARTICLE.text]


class Saying:
    """A model that says the same whatever it is asked, in pieces; it counts those that were read."""

    def __init__(self, *pieces: str) -> None:
        self.pieces, self.read = pieces, 0

    def stream(self, request: Request) -> Iterator[str]:
        for piece in self.pieces:
            self.read += 1
            yield piece


def asked(message: str = "can I send it back?", *history: tuple[str, str]) -> Request:
    return Request(message, history, (ARTICLE,))


@pytest.mark.parametrize(
    "reply",
    [
        "You have 45 days to send it back.",
        "Please write to help@shop.example, or ring Mara on a Monday.",
        "It is £1240 at most. I hope that helps!",
        "Sure! Forty-five days, as Mara's colleagues say.".replace("Forty-five", "45"),
        "Yes.\n\nLarge items cost more.",
    ],
)
def test_a_reply_whose_facts_stand_in_the_article_is_grounded(reply: str) -> None:
    assert ungrounded(reply, SOURCES) == ()


@pytest.mark.parametrize(
    ("reply", "missing"),
    [
        ("You have 30 days.", "30"),
        ("You have fifteen days.", "15"),
        ("Write to sales@shop.example.", "sales@shop.example"),
        ("Look at https://evil.example/login now.", "https://evil.example/login"),
        ("Ring us on Sundays.", "sunday"),
        ("Please ask Gregor about it.", "gregor"),
        ("It is £1,245 at most.", "1245"),
        ("until 3 march", "march"),
    ],
)
def test_a_fact_without_a_source_is_named(reply: str, missing: str) -> None:
    assert missing in ungrounded(reply, SOURCES)


def test_a_grounded_reply_is_shown_as_it_was_written() -> None:
    assert grounded(Saying("You have ", "45 days. ", "Shall I go on?"), asked()) == Reply(
        "You have 45 days. Shall I go on?"
    )


def test_an_invented_fact_falls_back_to_the_article_and_ends_the_reading() -> None:
    model = Saying("You have 60 days. ", "And also ", "this.")
    assert grounded(model, asked()) == Reply(ARTICLE.text, fell_back=True)
    assert model.read == 1


@pytest.mark.parametrize("pieces", [(), (" ", "\n")])
def test_silence_falls_back_to_the_article(pieces: tuple[str, ...]) -> None:
    assert grounded(Saying(*pieces), asked()) == Reply(ARTICLE.text, fell_back=True)


def test_the_template_quotes_the_article() -> None:
    assert grounded(Template(), asked()) == Reply(ARTICLE.text)


def test_no_model_reads_personal_data() -> None:
    request = asked("I'm at ann@mail.example", ("my name is Ann Lee", "Hello Ann"), ("ring 01632 960123", "We will."))
    read = json.dumps(responder.chat_messages(request)) + responder.prompt(request)
    assert not [found for found in ("ann@mail.example", "Ann Lee", "960123") if found in read.replace(ARTICLE.text, "")]
    assert "[email]" in read
    assert [each["role"] for each in responder.chat_messages(request)] == ["system", *["user", "assistant"] * 2, "user"]


def test_a_tuned_model_reads_the_turn_before() -> None:
    assert responder.prompt(asked("and now?", ("hi", "hello"))) == "Customer: hi\nAgent: hello\nCustomer: and now?"


def test_a_run_of_the_core_replies(verticals: Callable[..., Outcome], tiny_backbone: Path, tmp_path: Path) -> None:
    rows = "".join(f"please n{n},money back\n" for n in range(12))
    (tmp_path / "pairs.csv").write_text(f"prompt,reply\n{rows}", encoding="utf-8")
    options = [
        f"backbone.name={tiny_backbone}",
        "train.epochs=1",
        "backbone.max_tokens=16",
        "objective.max_reply_tokens=4",
    ]
    done = verticals(
        "tune",
        "generate",
        "--data",
        tmp_path / "pairs.csv",
        "--json",
        *(part for each in options for part in ("--set", each)),
    )
    assert done.code == 0, done.err
    folder = json.loads(done.out)["results"][0]["run"]
    made = responders.load(Settings(responder="seq2seq", responder_model=folder))
    assert isinstance(made, Seq2SeqResponder)
    assert grounded(made, asked()).text
    with pytest.raises(ConfigError, match="names no model"):
        responders.load(Settings(responder="seq2seq"))


@pytest.fixture(scope="module")
def tiny_chat(tiny_backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a random two-layer GPT-2 with the tiny backbone's words and a chat template."""
    folder = tmp_path_factory.mktemp("chat")
    tokenizer = AutoTokenizer.from_pretrained(tiny_backbone, eos_token="[SEP]")
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }} {% endfor %}"
    tokenizer.save_pretrained(folder)
    set_seed(0)
    config = GPT2Config(
        vocab_size=len(tokenizer), n_positions=512, n_embd=32, n_layer=2, n_head=2, bos_token_id=3, eos_token_id=3
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


def test_a_local_model_replies_in_words_that_it_knows(tiny_chat: Path) -> None:
    pieces = list(LocalChat.load(str(tiny_chat)).stream(responder.chat_messages(asked("where is my parcel " * 200))))
    assert len(pieces) == 1
    assert len(pieces[0].split()) <= 128


class _Handler(BaseHTTPRequestHandler):
    """Streams what its server was given, as OpenAI's protocol has it."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append((self.path, body))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()
        for line in self.server.lines:  # type: ignore[attr-defined]
            self.wfile.write(f"data: {line}\n\n".encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made.bodies, made.status, made.lines = [], 200, []  # type: ignore[attr-defined]
    thread = Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def event(text: str | None) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]})


def at(server: ThreadingHTTPServer) -> ChatResponder:
    return ChatResponder(EndpointChat(f"http://127.0.0.1:{server.server_port}/v1/", "tiny"))


def test_a_server_is_read_as_it_streams(server: ThreadingHTTPServer) -> None:
    server.lines = [event(None), event("You have "), event("45 days."), "[DONE]", event("never read")]  # type: ignore[attr-defined]
    assert grounded(at(server), asked("I'm at ann@mail.example")) == Reply("You have 45 days.")
    ((path, body),) = server.bodies  # type: ignore[attr-defined]
    assert (path, body["model"], body["stream"]) == ("/v1/chat/completions", "tiny", True)
    assert "ann@mail.example" not in json.dumps(body)


@pytest.mark.parametrize(("status", "lines"), [(500, []), (200, ["{"]), (200, ['{"error": 1}'])])
def test_a_server_that_fails_falls_back_to_the_article(
    server: ThreadingHTTPServer, status: int, lines: list[str]
) -> None:
    server.status, server.lines = status, lines  # type: ignore[attr-defined]
    assert grounded(at(server), asked()) == Reply(ARTICLE.text, fell_back=True)


def test_a_server_that_is_not_there_falls_back_to_the_article() -> None:
    assert grounded(ChatResponder(EndpointChat("http://127.0.0.1:9", "tiny")), asked()).fell_back


def test_the_real_server_of_transformers_is_understood(tiny_chat: Path) -> None:
    pytest.importorskip("openai", reason="`transformers serve` needs the package openai")
    from transformers.cli.serve import Serve

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serving = Serve(force_model=str(tiny_chat), host="127.0.0.1", port=port, device="cpu", non_blocking=True)
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as client:
            assert client.get(f"http://127.0.0.1:{port}/health", timeout=60).is_success
        model = EndpointChat(f"http://127.0.0.1:{port}/v1", str(tiny_chat))
        streamed = list(model.stream(responder.chat_messages(asked())))
    finally:
        serving.kill_server()
    here = LocalChat.load(str(tiny_chat)).reply(responder.chat_messages(asked()), 32)
    assert len(streamed) > 1
    assert here
    assert "".join(streamed).strip().startswith(here)


def test_replies_are_judged_by_the_facts_of_their_own_article() -> None:
    config = settings(train={"seed": 0})
    rows = generate.read(benchmark_dialogues.tuning(config))
    articles = benchmark_dialogues.articles_by_line()
    truth = benchmark_dialogues.quality(rows.test.right, rows, articles)
    invented = [f"{reply} Ring 999111 now." for reply in rows.test.right]
    worse = benchmark_dialogues.quality(invented, rows, articles)
    assert truth["chrf"].value == pytest.approx(100)
    assert truth["groundedness"].value > 0.9
    assert worse["groundedness"].value == 0
    shown = benchmark_dialogues.as_shown(invented, rows, articles)
    assert shown == [articles[line].text for line in rows.test.lines]


def test_the_suite_measures_what_is_written_what_is_shown_and_what_is_quoted(
    tiny_backbone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark_dialogues, "REPLY_TOKENS", 16)  # the tiny backbone reads 64 tokens
    config = settings(backbone={"name": str(tiny_backbone), "max_tokens": 16}, train={"epochs": 1})
    rows = {row["method"]: row["metrics"] for row in benchmark_dialogues.run(config)}
    assert rows.keys() == {"seq2seq", "seq2seq-checked", "template"}
    assert rows["seq2seq"]["perplexity"]["value"] > 1
    assert rows["seq2seq-checked"]["groundedness"]["value"] == rows["template"]["groundedness"]["value"] == 1
