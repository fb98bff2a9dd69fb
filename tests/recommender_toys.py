"""A small shop whose right answers are known: three kinds of goods, named by words of their kind, and people who like one kind."""

from pathlib import Path
from typing import Any

from toys import WORDS
from verticals.config import Config, build
from verticals_recommender import app
from verticals_recommender.behaviour import Behaviour, generate
from verticals_recommender.items import Catalogue, Item
from verticals_recommender.settings import Settings

GRID: dict[str, Any] = {
    "ease_regularisation": [20.0],
    "knn_neighbours": [30],
    "als_width": [4],
    "als_regularisation": [5.0],
    "als_confidence": [2.0],
    "half_life": [5.0],
    "shares": [0.5],
}
_TUNED = {"method": {"name": "full"}, "train": {"epochs": 3, "learning_rate": 1e-3}}
CATALOGUE = Catalogue(
    tuple(
        Item(f"{kind}{n}", f"{words[n % 5]} {words[(n + 1 + n // 5) % 5]} n{n}", category=kind, price=float(n))
        for kind, words in WORDS.items()
        for n in range(15)
    )
)
BEHAVIOUR = generate(CATALOGUE, Behaviour(users=120, rows=9, categories=1, tags=0, drift=0, days=30)).interactions


def tuned_config(folder: Path, backbone: Path) -> Config:
    """Write rows and items into a folder and return the settings for a training on them whose text is tuned on behaviour."""
    rows = zip(BEHAVIOUR.user, BEHAVIOUR.item, BEHAVIOUR.time, strict=True)
    lines = [f"{BEHAVIOUR.users[user]},{BEHAVIOUR.items[item]},{time}" for user, item, time in rows]
    (folder / "rows.csv").write_text("user,item,timestamp\n" + "\n".join(lines) + "\n", encoding="utf-8")
    items = [f"{item.id},{item.title},{item.category},{item.price}" for item in CATALOGUE.items]
    (folder / "items.csv").write_text("item,title,category,price\n" + "\n".join(items) + "\n", encoding="utf-8")
    named = {
        "data": {"train": str(folder / "rows.csv")},
        "backbone": {"name": str(backbone), "max_tokens": 16},
        "app": {"grid": GRID, "items": str(folder / "items.csv"), "tune_text": True},
    }
    return build([{**named, **_TUNED}], Settings, app.objective)
