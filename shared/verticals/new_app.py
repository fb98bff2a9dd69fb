"""A new vertical from the template: a folder that trains, predicts and serves at once, to be made one's own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from verticals.errors import ConfigError

_FILES: Final[Mapping[str, str]] = {
    "init.txt": "__init__.py",
    "settings.txt": "settings.py",
    "config.txt": "config.yaml",
    "recipe.txt": "recipe.py",
    "ui.txt": "ui.py",
    "readme.txt": "README.md",
    "rows.txt": "samples/rows.csv",
}
_PACKAGES: Final = (
    '["fastapi>=0.164", "fastapi-offline>=1.7", "gradio>=6.20,<7", "plotly>=6", "uvicorn[standard]>=0.30"]'
)
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Made:
    """The folder that was made, and the lines of `pyproject.toml` that register it.

    Attributes:
        folder: of the new app.
        entry_point: the line by which the command line and the hub know it.
        extra: the line that names the packages it needs beside the core's: those of any page and REST.
    """

    folder: Path
    entry_point: str
    extra: str


def make(name: str, root: Path) -> Made:
    """Write a new app into `root/apps`, or into `root` itself where that has no folder `apps`.

    Raises:
        ConfigError: the name is not one, or the folder is there already.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"'{name}': expected lower-case words joined by hyphens, such as claims or travel-desk")
    module = name.replace("-", "_")
    place = root / "apps" if (root / "apps").is_dir() else root
    folder = place / f"verticals_{module}"
    if folder.exists():
        raise ConfigError(f"{folder}: is there already; choose another name, or remove it")
    words = {"@NAME@": name, "@MODULE@": module, "@TITLE@": name.replace("-", " ").capitalize()}
    for template, target in _FILES.items():
        text = files("verticals").joinpath("template", template).read_text(encoding="utf-8")
        for mark, word in words.items():
            text = text.replace(mark, word)
        path = folder / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Made(folder, f'{name} = "verticals_{module}:app"', f"{name} = {_PACKAGES}")
