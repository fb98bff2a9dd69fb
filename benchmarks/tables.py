"""Write the tables of README and docs from the results: `python benchmarks/tables.py`; `--check` only compares.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; text outside such marks is never touched. `docs/result.schema.json`, the
JSON Schema of the result files, is written from the models in `verticals.evaluation.result_format`.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

from table import bot, classifier, core, headline, medical, monitor, peers, recommender

from verticals.evaluation.result_format import Document

ROOT = Path(__file__).parent.parent
SCHEMA = ROOT / "docs" / "result.schema.json"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("apps/*/README.md")])
TABLES: dict[str, Callable[[str], str]] = {
    "headline": headline.headline,
    "stopwatch": headline.stopwatch,
    "quality": classifier.quality,
    "scope": classifier.scope,
    "sentiment": monitor.sentiment,
    "monitor": monitor.monitor,
    "rankings": recommender.rankings,
    "strained": recommender.strained,
    "conversations": bot.conversations,
    "search": bot.search,
    "load": bot.load,
    "methods": core.methods,
    "measured-methods": core.measured_methods,
    "learning-rates": core.learning_rates,
    "variations": core.variations,
    "epochs": core.epochs,
    "tagged": core.tagged,
    "medical": medical.medical,
    "medical-gains": medical.gains,
    "medical-lambda": medical.strengths,
    "peers": peers.peers,
}
_MARKED = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(text: str, language: str) -> str:
    """Return a page with every marked table written anew."""
    return _MARKED.sub(lambda mark: mark[1] + TABLES[mark[2]](language) + mark[3], text)


def schema() -> str:
    """Return the JSON Schema of the result files."""
    return json.dumps(Document.model_json_schema(), indent=2) + "\n"


def generated() -> dict[Path, str]:
    """Return what each generated file has to say."""
    pages = {path: path.read_text(encoding="utf-8") for path in PAGES}
    written = {path: filled(text, "zh" if "zh-CN" in path.name else "en") for path, text in pages.items()}
    return {**written, SCHEMA: schema()}


def main() -> None:
    """Rewrite the files, or exit with a message where one differs."""
    for path, wanted in generated().items():
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if wanted != text and "--check" in sys.argv:
            sys.exit(f"{path.relative_to(ROOT)} and benchmarks/results/ disagree; run: python benchmarks/tables.py")
        if wanted != text:
            path.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
