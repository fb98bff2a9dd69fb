"""Settings: built once at the edge from defaults, files and assignments, then passed whole.

Later wins: model defaults < the app's `config.yaml` < `--config FILE` < `--set section.name=value`.
"""

import hashlib
import json
import os
import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from verticals.errors import ConfigError, did_you_mean

M = TypeVar("M", bound=BaseModel)
Precision = Literal["float32", "bfloat16"]
Schedule = Literal["linear", "cosine", "constant_with_warmup"]


class Section(BaseModel):
    """A frozen group of settings in which an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NoSettings(Section):
    """What has no settings of its own."""


class DataConfig(Section):
    """Where the rows come from and which columns matter."""

    train: str | None = Field(None, description="file, or name of a public data set; nothing means the app's samples")
    validation: str | None = Field(None, description="file; nothing means a share of the training rows")
    test: str | None = Field(None, description="file; nothing means a share of the training rows")
    text: str | None = Field(None, description="column with the text; nothing means the usual names are tried")
    label: str | None = Field(None, description="column with the label; nothing means the usual names are tried")
    outside_label: str | None = Field(None, description="label of rows that belong to no class (out of scope)")
    validation_share: float = Field(0.1, gt=0, lt=0.5)
    test_share: float = Field(0.2, gt=0, lt=0.5)


class BackboneConfig(Section):
    """The pretrained encoder."""

    name: str = Field("builtin", description="builtin, a local folder, or a hub id such as owner/name[@revision]")
    max_tokens: int = Field(128, ge=8, description="longer texts are cut here, and counted")


class MethodConfig(Section):
    """How the backbone is tuned."""

    name: str = "probe"
    options: dict[str, JsonValue] = Field(
        default_factory=dict, description="the method's own settings, which it validates"
    )


class TrainConfig(Section):
    """The training loop; nothing means the method's own value."""

    seed: int = Field(0, ge=0, le=2**32 - 1)  # what numpy and scikit-learn take
    epochs: int | None = Field(None, ge=1)
    batch_size: int = Field(32, ge=1)
    learning_rate: float | None = Field(None, gt=0)
    head_learning_rate: float | None = Field(None, gt=0)
    schedule: Schedule | None = Field(None, description="how the learning rates fall after the warm-up")
    weight_decay: float = Field(0.01, ge=0)
    warmup_share: float = Field(0.1, ge=0, lt=1)
    adversarial: float | None = Field(
        None,
        ge=0,
        description="how far word embeddings are moved against the model in each step, which doubles its time; nothing: not",
    )
    precision: Literal[Precision, "auto"] = Field(
        "auto", description="arithmetic of training; auto means bfloat16 where the processor has it, else float32"
    )
    checkpoint_steps: int = Field(100, ge=1, description="optimizer steps between two checkpoints")
    trackers: tuple[Literal["tensorboard", "wandb", "mlflow"], ...] = Field(
        (), description="where the loss is logged to"
    )


class AbstainConfig(Section):
    """When the model declines to answer."""

    max_refused: float = Field(
        0.03, gt=0, lt=1, description="share of in-scope validation rows that may be refused as unfamiliar"
    )
    min_confidence: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="calibrated confidence below which a prediction is unsure: more likely wrong than right",
    )


class ClassifyConfig(Section):
    """What the `objective` section holds when texts are classified."""

    blend: bool = Field(
        False,
        description="add the margins of TF-IDF and a linear classifier to the logits, by the weight that is best on validation",
    )
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced: every class weighs the same in the loss, however many rows it has"
    )


class Config(Section):
    """Everything one training depends on; `objective` and `app` are validated by models of their own."""

    data: DataConfig = DataConfig()
    backbone: BackboneConfig = BackboneConfig()
    method: MethodConfig = MethodConfig()
    train: TrainConfig = TrainConfig()
    abstain: AbstainConfig = AbstainConfig()
    objective: dict[str, Any] = Field(default_factory=dict)
    app: dict[str, Any] = Field(default_factory=dict)

    def to_yaml(self) -> str:
        """Return the settings as YAML that `read_yaml` and `build` turn back into an equal object."""
        return yaml.safe_dump(self.model_dump(), sort_keys=False, allow_unicode=True)

    def digest(self) -> str:
        """Return eight hexadecimal digits that name these settings."""
        text = json.dumps(self.model_dump(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def home() -> Path:
    """Return the folder that holds the runs: `VERTICALS_HOME`, else `runs` in the working directory."""
    return Path(os.environ.get("VERTICALS_HOME") or "runs")


def read_yaml(path: Path) -> dict[str, Any]:
    """Read one YAML file of settings.

    Raises:
        ConfigError: the file is missing, is not YAML, or is not a mapping.
    """
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot read settings: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: expected UTF-8, found another encoding; save the file as UTF-8") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2024-13-45
        raise ConfigError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(loaded or {}, dict):
        raise ConfigError(f"{path}: expected names with values, such as 'train:', found {type(loaded).__name__}")
    return loaded or {}


def assignment(text: str) -> dict[str, Any]:
    """Turn `train.epochs=3` into `{"train": {"epochs": 3}}`.

    The value is YAML, but for one that is all punctuation: a shell takes the quotes away that YAML wants around `|`, `#` or `~`.

    Raises:
        ConfigError: there is no name, or the value is not YAML.
    """
    name, equals, value = text.partition("=")
    if not equals or not all(name.split(".")):
        raise ConfigError(f"--set {text}: expected section.name=value, for example train.epochs=3")
    try:
        tree: Any = value if _is_punctuation(value) else yaml.safe_load(value)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2024-13-45
        raise ConfigError(
            f"--set {text}: the value is not YAML; a text needs quotes of its own inside those of the shell: --set \"{name}='{value}'\""
        ) from error
    for part in reversed(name.split(".")):
        tree = {part: tree}
    return dict(tree)


def _is_punctuation(value: str) -> bool:
    """Say whether a value is all punctuation, and no list, mapping or quoted text such as `[]`, `{}` or `''`."""
    marks = value.strip()
    return bool(marks) and marks[0] not in "[{'\"" and all(mark in string.punctuation for mark in marks)


def merge(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `change` over `base`; mappings are merged, everything else is replaced."""
    merged = dict(base)
    for name, value in change.items():
        old = merged.get(name)
        merged[name] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def build(
    layers: Sequence[Mapping[str, Any]],
    app_settings: type[BaseModel],
    objective_settings: type[BaseModel] = NoSettings,
) -> Config:
    """Merge the layers, later ones winning, and validate them.

    Raises:
        ConfigError: a name is unknown (the nearest is suggested) or a value does not fit.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = merge(merged, layer)
    config = validate(Config, merged, ())
    objective = validate(objective_settings, config.objective, ("objective",))
    app = validate(app_settings, config.app, ("app",))
    plain = {"objective": objective.model_dump(mode="json"), "app": app.model_dump(mode="json")}  # as YAML reads them
    return config.model_copy(update=plain)


def validate(model: type[M], values: Mapping[str, Any], prefix: tuple[str, ...]) -> M:
    """Return the settings of one section; `prefix` names where they stand.

    Raises:
        ConfigError: a name is unknown (the nearest is suggested) or a value does not fit.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error, model, prefix)) from error


def _explain(error: ValidationError, model: type[BaseModel], prefix: tuple[str, ...]) -> str:
    first = error.errors(include_url=False)[0]
    where = tuple(str(part) for part in first["loc"])
    name = ".".join(prefix + where)
    if first["type"] == "extra_forbidden":
        siblings = _fields(model, where[:-1])
        return f"unknown setting {name}{did_you_mean(where[-1], siblings)}"
    said = first["msg"].removeprefix("Value error, ")  # pydantic's, before what a check of ours says
    return f"setting {name}: {said}; found {first['input']!r}"


def _fields(model: type[BaseModel], path: tuple[str, ...]) -> list[str]:
    for part in path:
        inner = model.model_fields[part].annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)
