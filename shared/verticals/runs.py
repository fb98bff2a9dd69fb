"""The run folder: everything a trained model is, as plain files, with the manifest written last.

No manifest, no run. A run is written to a temporary sibling, proven there, and renamed; so a folder with a manifest is whole.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from filelock import FileLock, Timeout
from safetensors import SafetensorError

from verticals import provenance
from verticals.config import Config, home, read_yaml, validate
from verticals.errors import ConfigError, RunError

MANIFEST = "manifest.json"
VERDICT = "verdict.json"
_SCHEMA = 2


@dataclass(frozen=True)
class Run:
    """A run that is complete on disk; its parts are read when asked for."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def app(self) -> str:
        """Name of the app that trained it."""
        return str(self.manifest["app"])

    @property
    def objective(self) -> str:
        """Name of what it learned, a row of the table of objectives."""
        return str(self.manifest["objective"])

    @cached_property
    def config(self) -> Config:
        """The settings it was trained with.

        Raises:
            RunError: they are no settings of this version.
        """
        path = self.folder / "config.yaml"
        values = read_yaml(path)
        try:
            return validate(Config, values, ())
        except ConfigError as error:
            raise RunError(f"{path}: of another version: {error}; train the run again with this one") from error

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of the logits."""
        return tuple(self.read_json("labels.json"))

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """What was measured on the test rows."""
        return dict(self.read_json("metrics.json"))

    def read_json(self, name: str) -> Any:  # noqa: ANN401 - any JSON
        """Read one of the run's JSON files."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 - any JSON
    """Write one JSON file, readable for people; it is whole or not there."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def save(
    app: str, config: Config, facts: dict[str, Any], write: Callable[[Path], None], prove: Callable[[Run], None]
) -> Run:
    """Write a run, prove it, and give it its name.

    Args:
        app: name of the app.
        config: the settings, saved as `config.yaml`.
        facts: what the manifest says beside versions and hashes, such as the data's fingerprint.
        write: puts the app's files into the folder it is given.
        prove: reloads the run and raises RunError where it is not what was saved.

    Raises:
        RunError: the disk is full or read-only, or the proof failed; nothing is left behind.
    """
    folder = home() / app
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".draft-", dir=folder, ignore_cleanup_errors=True) as own:
            draft = Path(own) / "run"  # in a folder that no other saving has, and with the rights that any folder gets
            draft.mkdir()
            (draft / "config.yaml").write_text(config.to_yaml(), encoding="utf-8")
            write(draft)
            manifest = _manifest(app, config, facts, draft)
            write_json(draft / MANIFEST, manifest)
            prove(Run(draft, manifest))
            return Run(draft.rename(_free_name(app, config)), manifest)
    except (OSError, SafetensorError) as error:
        raise RunError(
            f"{folder}: the run cannot be saved: {error}; make room and give the same command again"
        ) from error


def rewrite(run: Run, name: str, write: Callable[[Path], None]) -> None:
    """Replace one file of a run, such as rows that somebody wants deleted, and what the manifest says of it.

    Args:
        run: as opened from its folder.
        name: the file, as the manifest names it.
        write: puts the new content under the path it is given.
    """
    draft = run.folder / f".{name}.draft"
    write(draft)
    facts = {"sha256": provenance.sha256(draft), "bytes": draft.stat().st_size}
    manifest = {**run.manifest, "files": {**run.manifest["files"], name: facts}}
    draft.replace(run.folder / name)
    write_json(run.folder / MANIFEST, manifest)


def _manifest(app: str, config: Config, facts: dict[str, Any], folder: Path) -> dict[str, Any]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        "schema": _SCHEMA,
        "app": app,
        "created_at": provenance.now(),
        "config_digest": config.digest(),
        "seed": config.train.seed,
        **facts,
        "versions": provenance.versions(),
        "git_revision": provenance.git_revision(),
        "files": {
            str(path.relative_to(folder)): {"sha256": provenance.sha256(path), "bytes": path.stat().st_size}
            for path in files
        },
    }


def _free_name(app: str, config: Config) -> Path:
    now = datetime.now(UTC)
    stamp = f"{now:%Y%m%dT%H%M%S}{now.microsecond:06}Z"  # `latest` sorts by it, and a tiny run takes under a second
    name = home() / app / f"{stamp}-{config.digest()}"
    number = 2
    while name.exists():
        name = name.with_name(f"{stamp}-{config.digest()}-{number}")
        number += 1
    return name


def open_run(folder: Path) -> Run:
    """Open a run and check every file against the manifest.

    Raises:
        RunError: there is no manifest, or a file is missing or altered.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise RunError(f"{folder}: no {MANIFEST}, so this is not a complete run; list runs with: ls {home()}/*/")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        files = {str(name): str(facts["sha256"]) for name, facts in manifest["files"].items()}
        run = Run(folder, {**manifest, "app": str(manifest["app"]), "objective": str(manifest["objective"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{path}: not a manifest ({type(error).__name__}); train the run again") from error
    if manifest.get("schema") != _SCHEMA:
        raise RunError(
            f"{path}: schema {manifest.get('schema')}, expected {_SCHEMA}; train the run again with this version"
        )
    for name, expected in files.items():
        found = provenance.sha256(folder / name)
        if found != expected:
            what = "is missing" if not (folder / name).is_file() else "was altered after it was saved"
            raise RunError(f"{folder / name}: {what}; restore it or train the run again")
    return run


def latest(app: str) -> Run | None:
    """Return an app's newest complete run that no verdict holds back (`promotion`): the one that serves."""
    return next((open_run(folder) for folder in _newest_first(app) if not _is_held_back(folder)), None)


def trained_with(app: str, config: Config, fingerprint: str) -> Run | None:
    """Return the newest run that was trained with these settings on the rows of this fingerprint, whether or not it may serve."""
    wanted = (config.digest(), fingerprint)
    return next((open_run(folder) for folder in _newest_first(app) if _origin(folder) == wanted), None)


def _origin(folder: Path) -> tuple[str, str] | None:
    """Return the digests of the settings and of the rows of a run, of which nothing else is read; None where it does not say."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return manifest["config_digest"], manifest["data"]["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def folders_in(parent: Path) -> list[Path]:
    """Return the folders of the runs that lie in one folder, the oldest first; nothing of them is opened."""
    return sorted(path.parent for path in parent.glob(f"[0-9]*/{MANIFEST}"))


def _newest_first(app: str) -> Iterator[Path]:
    return reversed(folders_in(home() / app))


def _is_held_back(folder: Path) -> bool:
    path = folder / VERDICT
    return path.is_file() and not json.loads(path.read_text(encoding="utf-8"))["promoted"]


@contextmanager
def reserved(work: Path) -> Iterator[Path]:
    """Make a folder for one process alone; it is removed when its work succeeds, and found again when it does not.

    Raises:
        RunError: the folder cannot be made, or another process has it.
    """
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"{work}: cannot be made: {error.strerror}; set VERTICALS_HOME to a folder that can be written"
        ) from error
    lock = FileLock(work.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RunError(f"{work}: another process is at the same training; wait for it, or change a setting") from error
    try:
        yield work
        shutil.rmtree(work, ignore_errors=True)
    finally:
        lock.release()


def artefact_bytes(run: Run) -> int:
    """Return the size of the run's files."""
    return sum(int(facts["bytes"]) for facts in run.manifest["files"].values())
