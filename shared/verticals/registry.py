"""The installed applications, found by their entry points; names are known without importing anything."""

from importlib.metadata import EntryPoint, entry_points

from verticals.errors import ConfigError, MissingExtra, did_you_mean
from verticals.vertical import Vertical

GROUP = "verticals.apps"


def available() -> dict[str, EntryPoint]:
    """Return the entry point of each installed app, by name."""
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def get(name: str) -> Vertical:
    """Import one app.

    Raises:
        ConfigError: no app of that name is installed.
        MissingExtra: a package that the app needs is not installed.
    """
    points = available()
    if name not in points:
        raise ConfigError(f"no app '{name}'{did_you_mean(name, points)}")
    try:
        app: Vertical = points[name].load()
    except ModuleNotFoundError as error:
        raise missing_extra(name, error) from error
    return app


def missing_extra(app: str, error: ModuleNotFoundError) -> MissingExtra:
    """Return the error that names the pip line for a package an app needs."""
    return MissingExtra(
        f"{app} needs '{error.name}', which is not installed; run in the clone: pip install -c constraints.txt -e '.[{app}]'"
    )
