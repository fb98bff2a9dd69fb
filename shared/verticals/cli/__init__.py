"""The command line: parse, call, print. Errors become one line on standard error and exit code 2."""

import os
import sys
import warnings

import typer

from verticals import registry
from verticals.cli import applications, benchmarks, core
from verticals.cli.output import say
from verticals.errors import VerticalsError

_INTERRUPTED = 130  # what typer returns for Ctrl-C
_CONTINUED = ("train", "tune", "pretrain", "transfer", "benchmark", "demo")  # from what they keep on disk

cli = typer.Typer(
    help="Fine-tune small language models and run them as applications.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for command in (
    applications.apps,
    applications.new,
    applications.config,
    applications.train,
    applications.evaluate,
    applications.predict,
    applications.check,
    applications.demo,
    core.tune,
    core.advise,
    core.pretrain,
    core.transfer,
    core.export,
    benchmarks.benchmark,
    benchmarks.compare,
):
    cli.command()(command)


def _quieten() -> None:
    """Keep the libraries' banners, bars and telemetry out of a user's terminal."""
    for name, value in {
        "TRANSFORMERS_VERBOSITY": "error",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "TOKENIZERS_PARALLELISM": "false",
    }.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore", category=FutureWarning)  # between libraries, nothing a user can act on
    warnings.filterwarnings("ignore", message="Unsupported layer type .*LayerNorm")  # peft, of its own LN-tuning
    warnings.filterwarnings("ignore", message="The following rank_pattern keys")  # peft, of AdaLoRA's own pattern
    warnings.filterwarnings("ignore", message="fan_in_fan_out is set to False")  # peft, which sets it right by itself


def main() -> None:
    """Run the command line."""
    _quieten()
    try:
        status = cli(standalone_mode=False)
    except VerticalsError as error:
        _fail(str(error), 2)
    except typer.TyperException as error:
        if not sys.argv[1:]:  # the message is the help, which has lines of its own
            say(error.format_message())
            sys.exit(2)
        _fail(error.format_message(), 2)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), 2)
    except ModuleNotFoundError as error:
        named = next((word for word in sys.argv[2:3] if word in registry.available()), "all")
        _fail(str(registry.missing_extra(named, error)), 2)
    else:
        if status == _INTERRUPTED:
            goes_on = "; the same command continues where it was" if sys.argv[1] in _CONTINUED else ""
            _fail(f"stopped{goes_on}", _INTERRUPTED)
        sys.exit(status)


def _fail(message: str, status: int) -> None:
    say(f"error: {' '.join(message.split())}" if status == 2 else message)
    sys.exit(status)
