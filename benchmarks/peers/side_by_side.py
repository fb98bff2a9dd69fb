"""What every script here does with its figures: print ours and the peer's, and keep them as one result."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from verticals import methods
from verticals.config import Config
from verticals.evaluation import results

FOLDER = Path(__file__).parent.parent / "results" / "peers"


@dataclass(frozen=True)
class Figure:
    """One thing measured of both, in the same process on the same rows.

    Attributes:
        what: what it is, in words.
        unit: s, ms, share, or nothing.
        ours: of verticals.
        peer: of the peer.
        comparable: whether both are times of the same; one that gave up before it was done is not.
    """

    what: str
    unit: str
    ours: float
    peer: float
    comparable: bool = True

    def ratio(self) -> float | None:
        """Return how many times as long the peer takes; None where these are no times, or not of the same."""
        return self.peer / self.ours if self.comparable and self.unit in {"s", "ms"} else None


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the option that all scripts have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=FOLDER)
    return parser


@dataclass(frozen=True)
class Ours:
    """What stands beside the peer: our method, the seed of both, and our backbone, if any."""

    method: str
    seed: int
    backbone: str | None

    @classmethod
    def of(cls, config: Config) -> "Ours":
        """Return what these settings train."""
        backbone = config.backbone.name if methods.get(config.method.name).uses_backbone else None
        return cls(config.method.name, config.train.seed, backbone)


def keep(
    path: Path, peer: str, ours: Ours, data: Mapping[str, Any], settings: Mapping[str, Any], figures: Sequence[Figure]
) -> None:
    """Print the figures and write them as one result; `settings` are what the peer was run with."""
    row = results.row("core", f"peer-{peer}", ours.method, {}, {}, {}, data, ours.seed, ours.backbone)
    compared = [
        {
            "what": each.what,
            "unit": each.unit,
            "ours": each.ours,
            "peer": each.peer,
            "ratio": None if (ratio := each.ratio()) is None else round(ratio, 3),
        }
        for each in figures
    ]
    about = {"peer": {"name": peer, "version": version(peer)}, "settings": dict(settings), "compared": compared}
    results.write(path, [{**row, **about}])
    for each in figures:
        beside = "" if (ratio := each.ratio()) is None else f"  the peer takes {ratio:.2f} times as long"
        sys.stdout.write(
            f"{each.what:<52}ours {each.ours:.4g} {each.unit}  {peer} {each.peer:.4g} {each.unit}{beside}\n"
        )
