"""The runs beside a run, by the catalogue that their manifests name, so that one that cannot be opened is no other one's concern."""

import json
from pathlib import Path

from verticals.runs import MANIFEST


def catalogue_of(folder: Path) -> str | None:
    """Return the name of the data that a run was trained on; None where its manifest does not say."""
    try:
        return str(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["data"]["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
