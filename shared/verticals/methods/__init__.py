"""Every way to tune a backbone: one row each in `table`, one file for each family, refusals before anything is trained."""

from transformers import PreTrainedModel

from verticals.config import Config, MethodConfig, Section, validate
from verticals.errors import MethodError, did_you_mean
from verticals.methods.bottleneck import BottleneckOptions
from verticals.methods.layouts import positions
from verticals.methods.method import Method, NoOptions, Objective
from verticals.methods.prompts import VirtualTokens
from verticals.methods.reading import check_reads
from verticals.methods.table import METHODS
from verticals.precision import resolved

__all__ = ["METHODS", "Method", "Objective", "check", "get", "options_of", "starts_elsewhere"]


def get(name: str) -> Method:
    """Return one row of the table.

    Raises:
        MethodError: there is no method of that name; the nearest is suggested.
    """
    if name not in METHODS:
        raise MethodError(f"no method '{name}'{did_you_mean(name, METHODS)}")
    return METHODS[name]


def starts_elsewhere(options: Section) -> bool:
    """Say whether an adapted encoder computes something else than its backbone before anything is tuned."""
    return isinstance(options, VirtualTokens) or (isinstance(options, BottleneckOptions) and options.spread > 0)


def options_of(config: MethodConfig) -> Section:
    """Return the method's own settings, validated.

    Raises:
        MethodError: the method has none.
        ConfigError: a setting is unknown or does not fit.
    """
    method = get(config.name)
    if config.options and method.options is NoOptions:
        raise MethodError(
            f"method '{method.name}' has no settings of its own, found method.options: {', '.join(config.options)}; leave them out"
        )
    return validate(method.options, config.options, ("method", "options"))


def check(config: Config, objective: Objective, encoder: PreTrainedModel | None) -> Section:
    """Return the method's own settings, or say before training why this cannot be trained.

    Args:
        config: the settings.
        objective: what is to be learned.
        encoder: the backbone; None where the method has none, or before it is loaded.

    Raises:
        ConfigError: a setting of the method's own is unknown or does not fit.
        MethodError: the method does not support the objective, the backbone or adversarial training; those that do are named. Or the
            backbone has fewer positions than there are to be tokens, or is no encoder of texts.
    """
    method, options = get(config.method.name), options_of(config.method)
    architecture = str(encoder.config.model_type) if encoder is not None else None
    if objective not in method.objectives:
        why = f" ({method.limit})" if method.limit else ""
        raise MethodError(_refusal(method, f"the objective '{objective}'{why}", objective, architecture))
    if architecture is not None and not _supports(method, objective, architecture):
        known = ", ".join(method.architectures or ())
        raise MethodError(_refusal(method, f"backbones of type '{architecture}', but {known}", objective, architecture))
    if config.train.adversarial and not method.tunes_words:
        others = [
            name for name, other in METHODS.items() if other.tunes_words and _supports(other, objective, architecture)
        ]
        raise MethodError(
            f"train.adversarial moves the word embeddings, which method '{method.name}' does not tune; "
            f"set it to 0, or use one of: {', '.join(others)}"
        )
    if encoder is not None:
        _check_room(encoder, config.backbone.max_tokens, options)
        if objective != "generate":
            check_reads(encoder, resolved(config.train.precision))
    return options


def _supports(method: Method, objective: Objective, architecture: str | None) -> bool:
    fits = architecture is None or method.architectures is None or architecture in method.architectures
    return fits and objective in method.objectives


def _refusal(method: Method, what: str, objective: Objective, architecture: str | None) -> str:
    others = [name for name, other in METHODS.items() if _supports(other, objective, architecture)]
    return f"method '{method.name}' does not support {what}; use one of: {', '.join(others)}"


def _check_room(encoder: PreTrainedModel, max_tokens: int, options: Section) -> None:
    virtual = options.tokens if isinstance(options, VirtualTokens) else 0
    room = positions(encoder.config)
    if room is not None and max_tokens + virtual > room:
        more = f" and method.options.tokens {virtual}" if virtual else ""
        raise MethodError(
            f"backbone.max_tokens {max_tokens}{more} exceed this backbone's {room} positions; "
            f"set backbone.max_tokens to at most {room - virtual}"
        )
