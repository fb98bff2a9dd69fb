"""The runs beside a run, by the catalogue that their manifests name, so that one that cannot be opened is no other one's concern."""

import json
from pathlib import Path

from verticals.runs import MANIFEST


def folders(home: Path) -> list[Path]:
    """Return the folders of an app's runs, the oldest first."""
    return sorted(path.parent for path in home.glob(f"[0-9]*/{MANIFEST}"))


def catalogue_of(folder: Path) -> str | None:
    """Return the name of the data that a run was trained on; None where its manifest does not say."""
    try:
        return str(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["data"]["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
