"""The result format: what every row of a result file holds, as models; suites and scripts add fields of their own to a row.

`docs/result.schema.json` is its JSON Schema, written by `benchmarks/tables.py`. A change that a reader of old files would notice gets a new
version.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

VERSION = 1


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Interval(BaseModel):
    """A measured value with its 95 % interval; what settings are chosen by has none."""

    model_config = ConfigDict(extra="forbid")

    value: float
    low: float | None = None
    high: float | None = None


class Nothing(BaseModel):
    """Where nothing stands beside a result: a timing, for instance, has no baseline."""

    model_config = ConfigDict(extra="forbid")


class Baseline(_Open):
    """What was measured on the same rows to compare with; gains over it may stand beside its metrics."""

    method: str
    metrics: dict[str, Interval]


class Data(_Open):
    """The rows: their name, their digest where they are rows, and how many serve for what."""

    name: str
    fingerprint: str | None = None
    split: dict[str, Any] | str | None = None


class Machine(_Open):
    """What the figures were measured on, without naming the machine."""

    system: str
    processor: str
    threads: int
    accelerator: str | None
    cores: int | None = None


class Row(_Open):
    """One result."""

    app: str
    suite: str
    method: str | None
    backbone: str | None
    seed: int
    metrics: dict[str, Interval]
    baseline: Baseline | Nothing
    cost: dict[str, float | None] = Field(
        description="seconds, peak_memory_mb, trained_parameters, artefact_bytes, p50_ms, p95_ms, items_per_second, where measured"
    )
    data: Data
    machine: Machine
    versions: dict[str, str]
    git_revision: str | None
    created_at: str = Field(description="UTC, ISO 8601")
    run: str | None = Field(description="name of the run that was measured, if one was kept")


class Document(BaseModel):
    """A result file."""

    model_config = ConfigDict(title="Results of verticals", extra="forbid")

    version: Literal[1] = Field(alias="schema")
    results: list[Row]
