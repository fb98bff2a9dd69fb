"""What tells a shop from a news site: how long things stay fresh, and what a card says of them. The engine is the same."""

from dataclasses import dataclass
from typing import Literal

from verticals_recommender.settings import Settings

Name = Literal["shop", "news"]


@dataclass(frozen=True)
class Skin:
    """How the page serves one kind of site.

    Attributes:
        name: which.
        half_life_days: age at which freshness is half.
        freshness: where the freshness slider stands at first.
        priced: whether prices are shown and asked for.
    """

    name: Name
    half_life_days: float
    freshness: float
    priced: bool


SKINS: dict[Name, Skin] = {
    "shop": Skin("shop", half_life_days=60.0, freshness=0.0, priced=True),
    "news": Skin("news", half_life_days=4.0, freshness=0.3, priced=False),
}
SHIPPED: dict[Name, str] = {"shop": "shipped-shop", "news": "shipped-news"}


def skin_of(settings: Settings, data_name: str) -> Skin:
    """Return the skin that the settings name, or the one that the data call for."""
    if settings.skin != "auto":
        return SKINS[settings.skin]
    return SKINS["news" if data_name == SHIPPED["news"] else "shop"]
