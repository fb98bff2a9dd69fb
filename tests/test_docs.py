"""What the docs promise exists: commands, options, links, tables, files."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from toys import Outcome, save_rows

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("apps/*/README.md")])
BLOCK = re.compile(r"```bash\n(.*?)```", re.DOTALL)


def commands() -> list[tuple[str, list[str]]]:
    """Return every `verticals ...` line of every page, as words."""
    found = []
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            lines = [line.strip() for line in block.replace("\\\n", " ").splitlines()]
            found += [
                (str(page.relative_to(ROOT)), shlex.split(line, comments=True))
                for line in lines
                if line.startswith("verticals ")
            ]
    return found


def test_the_pages_show_commands() -> None:
    assert len(commands()) >= 8


@pytest.mark.parametrize(
    ("page", "words"), commands(), ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_every_command_and_option_in_the_docs_exists(
    verticals: Callable[..., Outcome], page: str, words: list[str]
) -> None:
    text = verticals(words[1], "--help").out
    assert f"verticals {words[1]}" in text
    for word in words[2:]:
        if word.startswith("--"):
            assert word in text, f"{page} shows {word}, which `verticals {words[1]}` does not have"


def test_the_readme_s_example_with_rows_of_one_s_own_runs_as_it_stands(
    verticals: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_rows(tmp_path / "rows.csv")
    rows = (tmp_path / "rows.csv").read_text(encoding="utf-8").partition("\n")[2]
    (tmp_path / "chats.csv").write_text("message,intent\n" + rows, encoding="utf-8")
    (tmp_path / "new.csv").write_text("message\nwhere is my parcel\n", encoding="utf-8")
    example = [
        words for page, words in commands() if page == "README.md" and words[1] in {"train", "evaluate", "predict"}
    ]
    assert [words[1] for words in example] == ["train", "evaluate", "predict"]
    for words in example:
        outcome = verticals(*words[1:])
        assert outcome.code == 0, outcome.err
    assert "parcel" in (tmp_path / "predicted.csv").read_text(encoding="utf-8")


def test_the_readme_names_every_command(verticals: Callable[..., Outcome]) -> None:
    listed = re.findall(r"^  (\w+)  ", verticals("--help").out.partition("Commands:")[2], re.MULTILINE)
    assert listed
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert [command for command in listed if f"verticals {command}" not in text] == [], name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_tables_are_what_the_results_say() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/tables.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_make_targets_in_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test"} <= named <= targets
