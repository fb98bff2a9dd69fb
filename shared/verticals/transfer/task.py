"""What a transfer starts from: the source run, the rows of both sides, and what is asked; refusals before anything is trained."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from verticals import methods
from verticals.config import ClassifyConfig, Config, Section
from verticals.data.examples import Note, note
from verticals.data.near_duplicates import near_duplicates
from verticals.data.splits import Splits, with_labels
from verticals.errors import ConfigError, DataError, MethodError, RunError
from verticals.runs import Run


class TransferSettings(Section):
    """How the source model holds on, and which strength of its hold is kept."""

    anchor: Literal["replay", "target"] = Field(
        "replay", description="the KL term is taken on the source's rows, or on the target's inputs"
    )
    lambdas: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        (0.0, 0.1, 0.3, 1.0, 3.0, 10.0), min_length=1, description="strengths to try"
    )
    max_source_loss: float = Field(
        0.02, ge=0, le=1, description="source accuracy, on validation rows, that the saved run may have lost"
    )


@dataclass(frozen=True)
class Task:
    """A source run, its rows where they can be read, and the target's rows under the union of the labels."""

    source: Run
    source_rows: Splits | None
    target: Splits
    config: Config
    settings: TransferSettings
    notes: tuple[Note, ...] = ()


def check(source: Run, config: Config) -> None:
    """Say before anything is read why a run cannot be transferred by a method.

    Raises:
        MethodError: the source is no classifier with a backbone that its tuning can become part of, or the method tunes no backbone.
        ConfigError: the objective is to be another than cross-entropy and the KL term, or the backbone another than the source's.
    """
    old, new = methods.get(source.config.method.name), methods.get(config.method.name)
    if source.objective != "classify":
        raise MethodError(f"{source.folder}: it learned to {source.objective}; transfer continues runs that classify")
    if not old.uses_backbone:
        raise MethodError(
            f"{source.folder}: '{old.name}' has no backbone to transfer; start from a run of full or lora"
        )
    if not old.merges:
        raise MethodError(
            f"{source.folder}: what '{old.name}' learned cannot be merged into the backbone ({old.limit}); "
            "start from a run of full or lora"
        )
    if new.adapt is None:
        raise MethodError(f"'{new.name}' tunes no backbone; choose another way to transfer with --method, such as full")
    methods.check(config, "classify", None)
    objective = _changed("objective", ClassifyConfig.model_validate(config.objective), ClassifyConfig())
    if objective:
        raise ConfigError(f"{objective}: transfer learns by cross-entropy and the KL term alone; leave it out")
    backbone = _changed("backbone", config.backbone, source.config.backbone)
    if backbone:
        raise ConfigError(f"{backbone}: transfer goes on with the backbone of {source.folder}; leave it out")


def _changed(section: str, asked: Section, kept: Section) -> str:
    return ", ".join(f"{section}.{name}={value}" for name, value in asked if value != getattr(kept, name))


def read_source(
    source: Run, read: Callable[[Config], Splits], file: str | None, settings: TransferSettings
) -> tuple[Splits | None, tuple[Note, ...]]:
    """Read the rows that the source was trained on.

    Args:
        source: the run.
        read: settings to rows, as the run's app reads them.
        file: where the rows are now; None where they are as the run's own settings name them.
        settings: whether they are to be replayed; if not, they only measure, and a note says why they are missing.

    Raises:
        RunError: they are to be replayed but cannot be read, or they have changed.
    """
    data = source.config.data.model_copy(update={"train": file} if file else {})
    try:
        rows = with_labels(read(source.config.model_copy(update={"data": data})), source.labels)
        why = f"{source.folder}: its rows have changed since it was trained"
    except DataError as error:
        rows, why = None, f"the rows that it was trained on cannot be read: {error}"
    if rows is not None and rows.fingerprint() == source.manifest["data"]["fingerprint"]:
        return rows, ()
    if rows is not None and file:
        message = f"{file}: not the rows that the source was trained on, so it may know its test rows"
        return rows, (Note("other_source_rows", 1, message),)
    if settings.anchor == "replay":
        raise RunError(f"{why}; name them with --source-data FILE, or use --anchor target")
    return None, (Note("source_not_measured", 1, f"source accuracy not measured: {why}"),)


def prepare(
    source: Run,
    source_rows: Splits | None,
    target: Splits,
    config: Config,
    settings: TransferSettings,
    notes: tuple[Note, ...] = (),
) -> Task:
    """Bring source and target together under the union of their labels; texts that stand on both sides are noted.

    Raises:
        MethodError, ConfigError: the run cannot be transferred by the method or as the objective says.
        RunError: rows are to be replayed, and there are none.
    """
    check(source, config)
    if source_rows is None and settings.anchor == "replay":
        raise RunError(
            f"{source.folder}: no source rows to replay; name them with --source-data FILE, or use --anchor target"
        )
    known = with_labels(source_rows, source.labels) if source_rows else None
    union = with_labels(target, source.labels)
    crossed = _crossing(known, union) if known else ()
    alone = {"objective": ClassifyConfig().model_dump()}
    if ClassifyConfig.model_validate(source.config.objective).blend:
        notes = (*notes, Note("blend_left", 1, "the source's blended TF-IDF classifier is not transferred"))
    return Task(source, known, union, config.model_copy(update=alone), settings, (*notes, *crossed))


def _crossing(source: Splits, target: Splits) -> tuple[Note, ...]:
    """Name test rows of one side that stand, nearly word for word, among the training rows of the other."""
    notes = []
    for name, learned, test in (("target", source, target.test), ("source", target, source.test)):
        found = near_duplicates(learned.train.texts + learned.validation.texts, test.texts)
        lines = [test.lines[each.other] for each in found] if test.lines else [each.other for each in found]
        notes.append(note(f"{name}_near_duplicate", lines, f"test rows of the {name} that the other side learned from"))
    return tuple(each for each in notes if each.count)
