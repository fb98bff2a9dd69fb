"""The pages for somebody with rows of their own: every command in them runs, in order, in one folder, as it stands there.

What is left out says so: `demo` serves until it is stopped, and the monitor's samples take long to tune. Training takes a tiny backbone,
and advice the shortest budget.
"""

import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from toys import Outcome, toy_rows

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
EXAMPLE_RUN = "runs/classify/20260101T000000Z-0123abcd"
LEFT_OUT = (  # beside `demo`
    ("train", "financial-sentiment", "--method", "full"),
    ("export", "financial-sentiment", "headlines-backbone"),
)
INTENTS = {"parcel": "card_stolen", "refund": "order_card", "colour": "other"}
SENTIMENTS = {"parcel": "negative", "refund": "positive", "colour": "neutral"}


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [found for kind, found in BLOCK.findall(text) if kind == language]


def commands(page: str) -> Iterator[list[str]]:
    """Yield the commands of a page as words, without what is left out."""
    for block in blocks(page, "bash"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words and words[1] != "demo" and tuple(words[1:]) not in LEFT_OUT:
                yield words


def write_rows(file: Path, columns: str, names: dict[str, str], start: int = 0) -> None:
    rows = toy_rows(20, start)
    lines = [f"{text},{names[label]}" for text, label in zip(rows.texts, rows.labels, strict=True)]
    file.write_text(f"{columns}\n" + "\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, tiny_backbone: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with what the pages take for granted, the articles and intents as they show them."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("chats", "rows", "second", "test", "more", "new")):
        write_rows(tmp_path / f"{name}.csv", "message,intent", INTENTS, number * 40)
    write_rows(tmp_path / "posts.csv", "text,sentiment", SENTIMENTS)
    (article,) = blocks("docs/own-data.md", "json")
    (intents,) = blocks("docs/own-data.md", "yaml")
    (tmp_path / "articles.jsonl").write_text(article, encoding="utf-8")
    (tmp_path / "intents.yaml").write_text(
        intents + "other: {en: Else, zh: 其他, action: hand_over}\n", encoding="utf-8"
    )
    shutil.copytree(tiny_backbone, tmp_path / "headlines-backbone")
    return tmp_path


@pytest.mark.parametrize("page", ["docs/own-data.md", "docs/pilot.md"])
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
    """Return a command with the newest run in place of the example's, a short budget, and a tiny backbone."""
    newest = max((str(path) for path in Path("runs").glob("classify/2*")), default=EXAMPLE_RUN)
    known = [{EXAMPLE_RUN: newest, "5m": "20s"}.get(word, word) for word in words]
    trains = words[0] in {"train", "tune"} and "--backbone" not in words
    return [*known, "--backbone", "headlines-backbone"] if trains else known
