"""The app's own settings."""

from typing import Literal

from pydantic import Field

from verticals.config import Section

SplitKind = Literal["auto", "random", "leave-one-out", "time"]
Sample = Literal["shop", "news"]
Served = Literal["popularity", "item-knn", "ease", "als", "text", "hybrid"]
Dress = Literal["auto", "shop", "news"]


class Columns(Section):
    """Columns of the file of interactions; nothing means the usual names are tried."""

    user: str | None = None
    item: str | None = None
    rating: str | None = None
    weight: str | None = None
    timestamp: str | None = None


class ItemColumns(Section):
    """Columns of the file of items; nothing means the usual names are tried."""

    item: str | None = None
    title: str | None = None
    description: str | None = None
    category: str | None = None
    brand: str | None = None
    price: str | None = None
    tags: str | None = None
    available: str | None = None
    added: str | None = None


class Grid(Section):
    """Values that are tried on validation; the best serves."""

    ease_regularisation: tuple[float, ...] = (50.0, 200.0, 500.0)
    ease_neighbours: int = Field(2000, ge=1, description="strongest weights kept per item")
    knn_neighbours: tuple[int, ...] = (50, 200)
    knn_shrinkage: tuple[float, ...] = (10.0,)
    als_width: tuple[int, ...] = (24,)
    als_regularisation: tuple[float, ...] = (5.0, 20.0)
    als_confidence: tuple[float, ...] = (1.0, 2.0)
    als_rounds: int = Field(10, ge=1)
    expansion: tuple[float, ...] = Field(
        (0.5, 1.0), description="weights tried for what stands beside the items of a history, where texts are read"
    )
    borrowing: tuple[float, ...] = Field(
        (1.0, 2.0, 3.0),
        description="weights tried for what an item without rows takes of its relatives by text; the first where that makes no difference",
    )
    half_life: tuple[float, ...] = Field((3.0, 10.0), description="items; tried where the rows have times")
    shares: tuple[float, ...] = Field((0.25, 0.5, 1.0), description="weights tried when models are blended")


class Settings(Section):
    """What is recommended to whom, and how the model that serves is chosen."""

    sample: Sample = Field("shop", description="the shipped catalogue that serves when no data is named")
    second_sample: Sample | None = Field(
        None, description="with shipped samples: a catalogue that is trained first, so that the page shows both"
    )
    skin: Dress = Field(
        "auto", description="how the page speaks of items; auto: as news for the shipped news, else shop"
    )
    tune_text: bool = Field(False, description="tune the backbone on items that are chosen together; needs item texts")
    tune_pairs: int = Field(12_800, ge=1, description="pairs of items that it learns from, the surest ones")
    items: str | None = Field(None, description="file of items; nothing means items are known by their id alone")
    catalogue: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="name of your catalogue, under which clicks, removals and deletions are found again; nothing means the name of "
        "data.train, so give one where the file's name changes",
    )
    columns: Columns = Columns()
    item_columns: ItemColumns = ItemColumns()
    min_rating: float | None = Field(None, description="rows rated lower are left out; nothing means all count")
    core: int = Field(0, ge=0, description="users and items with fewer rows are left out, again and again; 0 keeps all")
    split: SplitKind = Field("auto", description="auto: by time where every row has one, else random")
    validation_users: int = Field(2000, ge=10, description="at most so many users decide which model serves")
    serve: Served | None = Field(None, description="model that serves; nothing means the best on validation")
    folds: int = Field(3, ge=1, description="validation parts that are drawn, where rows are split at random")
    grid: Grid = Grid()
