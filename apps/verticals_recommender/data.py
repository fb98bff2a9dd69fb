"""The interactions and items that the settings name: shipped, public, or the user's; and their split."""

from dataclasses import dataclass, replace
from pathlib import Path

from verticals.config import Config
from verticals.data.examples import Note
from verticals.data.public import check_name
from verticals.errors import ConfigError, DataError
from verticals_recommender import public, splits
from verticals_recommender.behaviour import NEWS, SHOP, generate
from verticals_recommender.interactions import Interactions, align, read_interactions
from verticals_recommender.items import SAMPLES, Catalogue, read_catalogue
from verticals_recommender.k_core import k_core
from verticals_recommender.settings import Settings
from verticals_recommender.splits import Split


@dataclass(frozen=True)
class Data:
    """Interactions whose items are numbered as in the catalogue."""

    name: str
    interactions: Interactions
    catalogue: Catalogue

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was changed or left out."""
        return self.catalogue.notes + self.interactions.notes


def load(config: Config) -> Data:
    """Read what the settings name; without any, the shipped catalogue with invented behaviour.

    Raises:
        ConfigError: a test or validation file is named, though this app splits by itself, a column that it does not read, or a name for data
            that have one.
        DataError: a file cannot be read or does not hold what is needed.
    """
    settings = Settings.model_validate(config.app)
    for name, file in (("data.test", config.data.test), ("data.validation", config.data.validation)):
        if file:
            raise ConfigError(f"{name}: the recommender holds out rows of data.train; choose how with app.split")
    for name in config.data.model_dump(include={"text", "label", "outside_label"}, exclude_none=True):
        raise ConfigError(
            f"data.{name}: the recommender does not read it; name its columns by app.columns and app.item_columns"
        )
    if settings.catalogue and config.data.train in {None, *public.PUBLIC}:
        raise ConfigError(
            f"app.catalogue names what your own data.train is about; found {config.data.train or 'the samples'}, which have "
            "a name; leave app.catalogue out"
        )
    name, interactions, catalogue = _read(config, settings)
    if settings.core:
        interactions = k_core(interactions, settings.core)
    return Data(name, *align(interactions, catalogue))


def _read(config: Config, settings: Settings) -> tuple[str, Interactions, Catalogue]:
    named = config.data.train
    if named is None:
        file, behaviour = {"shop": ("items.csv", SHOP), "news": ("news.csv", NEWS)}[settings.sample]
        catalogue = read_catalogue(SAMPLES / file)
        made = generate(catalogue, replace(behaviour, seed=config.train.seed))
        return f"shipped-{settings.sample}", made.interactions, catalogue
    if named in public.PUBLIC:
        return named, *public.load(named)
    check_name(named, public.PUBLIC)
    interactions = read_interactions(Path(named), settings.columns.model_dump(), settings.min_rating)
    named_items = settings.item_columns.model_dump()
    catalogue = read_catalogue(Path(settings.items), named_items) if settings.items else Catalogue(())
    if len(catalogue) and not set(interactions.items) & set(catalogue.positions):
        raise DataError(
            f"{named}: none of its items is in {settings.items}; expected the same ids, found '{interactions.items[0]}' in the one "
            f"and '{catalogue.ids[0]}' in the other"
        )
    return settings.catalogue or Path(named).name, interactions, catalogue


def split(config: Config, interactions: Interactions) -> Split:
    """Hold out test and validation rows in the way that the settings say."""
    kind = Settings.model_validate(config.app).split
    validation, test, seed = config.data.validation_share, config.data.test_share, config.train.seed
    if kind == "leave-one-out":
        return splits.leave_one_out(interactions, seed)
    if kind == "time" or (kind == "auto" and interactions.timed):
        return splits.time_split(interactions, max(validation, test), test)  # a window with as many new items
    return splits.random_split(interactions, validation, test, seed)


def folds(settings: Settings, made: Split, seed: int) -> list[Split]:
    """Return the validation parts on which models are chosen: several where rows were split at random, else the one.

    A tuned text saw the rows that other parts would hold out, so that it is judged on the one part as well.
    """
    several = made.kind == "random" and not settings.tune_text
    return splits.folds(made, settings.folds if several else 1, seed)
