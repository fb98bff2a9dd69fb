"""The pages for somebody with rows of their own: every `verticals` command in them runs, in order, in one folder, as it stands there.

What is left out says so: `demo` serves until it is stopped, public data is not everybody's, and the monitor's samples take long to tune.
Training takes a tiny backbone, and advice the shortest budget.
"""

import json
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tag_toys import toy_sentences
from toys import Outcome, toy_rows

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
EXAMPLE_RUN = re.compile(r"runs/(\w+)/20260101T000000Z-\w+")
LEFT_OUT = (
    "demo",
    "train financial-sentiment --method full",
    "export financial-sentiment headlines-backbone",
    "tune tag --data conll2003",
)
TAKEN_FOR_GRANTED = {"docs/transfer.md": "verticals train customer-service --data chats.csv --method full"}
INTENTS = {"parcel": "card_stolen", "refund": "order_card", "colour": "other"}
SENTIMENTS = {"parcel": "negative", "refund": "positive", "colour": "neutral"}


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [found for kind, found in BLOCK.findall(text) if kind == language]


def commands(page: str) -> Iterator[list[str]]:
    """Yield the commands of a page as words, after what the page takes for granted."""
    for block in [TAKEN_FOR_GRANTED.get(page, ""), *blocks(page, "bash")]:
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0] in {"verticals", "mkdir"} and not " ".join(words[1:]).startswith(LEFT_OUT):
                yield words


def write_rows(file: Path, columns: str, names: dict[str, str], start: int = 0) -> None:
    rows = toy_rows(20, start)
    lines = [f"{text},{names[label]}" for text, label in zip(rows.texts, rows.labels, strict=True)]
    file.write_text(f"{columns}\n" + "\n".join(lines) + "\n", encoding="utf-8")


def write_sentences(folder: Path) -> None:
    """Write tagged sentences as column files and as JSONL."""
    for name, sentences in (("train", toy_sentences(60, 0)), ("test", toy_sentences(20, 1))):
        lines = (
            "".join(f"{word} {tag}\n" for word, tag in zip(each.tokens, each.tags, strict=True)) for each in sentences
        )
        (folder / f"{name}.conll").write_text("\n".join(lines), encoding="utf-8")
    rows = (json.dumps({"tokens": each.tokens, "tags": each.tags}) for each in toy_sentences(60, 2))
    (folder / "rows.jsonl").write_text("\n".join(rows), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, tiny_backbone: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with what the pages take for granted, the articles and intents as they show them."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("chats", "rows", "second", "test", "more", "new")):
        write_rows(tmp_path / f"{name}.csv", "message,intent", INTENTS, number * 40)
    for number, name in enumerate(("labelled", "hospital_b", "a", "b")):
        write_rows(tmp_path / f"{name}.csv", "text,label", INTENTS, number * 40)
    write_rows(tmp_path / "letters.csv", "body,from", INTENTS)
    (tmp_path / "reports.txt").write_text("\n".join(toy_rows(20).texts), encoding="utf-8")
    write_sentences(tmp_path)
    write_rows(tmp_path / "posts.csv", "text,sentiment", SENTIMENTS)
    (article,) = blocks("docs/own-data.md", "json")
    (intents,) = blocks("docs/own-data.md", "yaml")
    (tmp_path / "articles.jsonl").write_text(article, encoding="utf-8")
    (tmp_path / "intents.yaml").write_text(
        intents + "other: {en: Else, zh: 其他, action: hand_over}\n", encoding="utf-8"
    )
    shutil.copytree(tiny_backbone, tmp_path / "headlines-backbone")
    return tmp_path


@pytest.mark.parametrize("page", [f"docs/{name}.md" for name in ("own-data", "pilot", "tag", "transfer", "medical")])
def test_the_commands_of_a_page_run_one_after_the_other(
    page: str, folder: Path, verticals: Callable[..., Outcome]
) -> None:
    for words in commands(page):
        if words[0] == "mkdir":
            for name in words[2:]:
                (folder / name).mkdir(parents=True)
            continue
        asked, _, file = " ".join(words[1:]).partition(" > ")
        outcome = verticals(*_for_a_test(asked.split()))
        assert outcome.code == 0, f"{' '.join(words)}\n{outcome.err}"
        if file:
            (folder / file).write_text(outcome.out, encoding="utf-8")


def _for_a_test(words: list[str]) -> list[str]:
    """Return a command with the newest runs in place of the examples', a short budget, and a tiny backbone."""
    known = [EXAMPLE_RUN.sub(_newest, "20s" if word == "5m" else word) for word in words]
    trains = words[0] in {"train", "tune", "pretrain"} and "--backbone" not in words
    return [*known, "--backbone", "headlines-backbone"] if trains else known


def _newest(example: re.Match[str]) -> str:
    """Return the newest run of the kind that an example names."""
    return max(str(path) for path in Path("runs", example[1]).glob("2*"))
