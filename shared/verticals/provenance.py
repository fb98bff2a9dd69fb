"""Where a figure comes from: versions, machine, revision, time, memory, and the digests of files."""

import hashlib
import os
import platform
import resource
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_LIBRARIES = ("verticals", "torch", "transformers", "peft", "scikit-learn", "numpy")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a result depends on."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """Return what the figures were measured on, without naming the machine."""
    import torch

    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def git_revision() -> str | None:
    """Return the revision of the checkout that this code runs from, or None outside a checkout."""
    here = Path(__file__).parent
    try:
        done = subprocess.run(
            ["git", "-C", str(here), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() or None


def now() -> str:
    """Return the current time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def peak_memory_mb() -> float:
    """Return the largest resident memory that this process has had, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes on macOS, KiB elsewhere
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


def memory_mb() -> float:
    """Return the resident memory of this process in MB: now where the system tells, else the largest it has had."""
    pages = Path("/proc/self/statm")
    if not pages.is_file():
        return peak_memory_mb()
    return round(int(pages.read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 1e6, 1)


def sha256(path: Path) -> str:
    """Return the hexadecimal digest of a file; `(no file)` where there is none."""
    if not path.is_file():
        return "(no file)"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
