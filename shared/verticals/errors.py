"""Everything that can go wrong because of what a user did, or has.

VerticalsError
├── ConfigError        a setting is unknown, has the wrong type, or contradicts another
├── DataError          a file is missing, unreadable, or does not hold what was asked of it
├── BackboneError      a pretrained model is missing, altered, or of the wrong kind
├── MethodError        a tuning method is unknown, or does not support what was asked of it
├── RunError           a run folder is missing, incomplete, altered, or does not reload as saved
├── StorageError       the database, or a file that is served or written beside it, cannot be opened, read or written
├── MissingExtra       an optional dependency is not installed
└── ServerError        the web server cannot start

Every message says what was expected, what was found, and what to do. The command line prints it as one line and exits with 2.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class VerticalsError(Exception):
    """Base of every error that a user can cause and mend."""


class ConfigError(VerticalsError):
    """A setting is unknown, has the wrong type, or contradicts another."""


class DataError(VerticalsError):
    """A file is missing, unreadable, or does not hold what was asked of it."""


class BackboneError(VerticalsError):
    """A pretrained model is missing, altered, or of the wrong kind."""


class MethodError(VerticalsError):
    """A tuning method is unknown, or does not support what was asked of it."""


class RunError(VerticalsError):
    """A run folder is missing, incomplete, altered, or does not reload as saved."""


class StorageError(VerticalsError):
    """The database, or a file that is served or written beside it, cannot be opened, read or written."""


class MissingExtra(VerticalsError):  # noqa: N818 - reads as what it is
    """An optional dependency is not installed."""


class ServerError(VerticalsError):
    """The web server cannot start."""


def nearest(given: str, known: Iterable[str]) -> str | None:
    """Return the known name that a mistyped one is nearest to, or None where none is near."""
    folded = {name.casefold().strip(): name for name in known}
    close = get_close_matches(given.casefold().strip(), folded, n=1, cutoff=0.5)
    return folded[close[0]] if close else None


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest known name, else the list of known names."""
    names = list(known)
    close = nearest(given, names)
    if close is not None:
        return f"; did you mean '{close}'?"
    return f"; known: {', '.join(sorted(names))}" if names else ""
