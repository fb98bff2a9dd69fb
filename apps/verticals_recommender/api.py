"""The recommender over REST, for the shop's own server, which has the key: user names are guessable, and a list tells of a history.

Every list comes with its parts and reasons; every deletion with its proof.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import to_json

from verticals.access import private_router
from verticals.arrays import FloatArray
from verticals.errors import DataError
from verticals.problems import problems
from verticals_recommender.cells import plain_text
from verticals_recommender.explanations import reasons, why
from verticals_recommender.items import ID_CHARACTERS, LONGEST_ID, Item
from verticals_recommender.live import Live
from verticals_recommender.profiles import Action, Profile
from verticals_recommender.serving import MOST_RESULTS, Recommendation, Rules, recommend
from verticals_recommender.state import State

MOST_ITEMS = 1000
LONGEST_SENTENCE = 1000
_LANGUAGES = ("en", "zh")
_UNKNOWN = problems(404)
Id = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_ID, pattern=ID_CHARACTERS)
]
PathId = Annotated[Id, Path()]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


class RecommendRequest(_Body):
    """A known user, or somebody new with some picks or a sentence; and what the list shall be like."""

    user: Id | None = None
    items: list[Id] = Field(default_factory=list, max_length=100, description="picks of somebody new")
    sentence: str = Field("", max_length=LONGEST_SENTENCE, description="what somebody new is looking for")
    rules: Rules = Rules()
    reasons: int = Field(
        5, ge=2, description="how many of each result's reasons are listed, strongest first; `why` names two"
    )
    remember: bool = Field(True, description="count these results as shown to the user")


class EventRequest(_Body):
    """What a user did with some items."""

    user: Id
    action: Action
    items: list[Id] = Field(min_length=1, max_length=MOST_RESULTS)


class NewItem(_Body):
    """An item that came after the training."""

    id: Id
    title: str = Field(min_length=1, max_length=500)
    description: str = Field("", max_length=20_000)
    category: str = Field("", max_length=200)
    brand: str = Field("", max_length=200)
    price: float | None = Field(None, ge=0)
    tags: tuple[Id, ...] = Field((), max_length=50)
    available: bool = True
    added: float | None = Field(None, description="seconds since 1970; nothing means now")


class ItemsRequest(_Body):
    """New items."""

    items: list[NewItem] = Field(min_length=1, max_length=MOST_ITEMS)


class Change(_Body):
    """What an item costs now, whether there is stock, or both; what is not given stays."""

    id: Id
    price: float | None = Field(None, ge=0)
    available: bool | None = None


class ChangesRequest(_Body):
    """Items that cost something else or are sold out."""

    items: list[Change] = Field(min_length=1, max_length=MOST_ITEMS)


def build_api(live: Live, key: str, clock: Callable[[], float] = time.time) -> APIRouter:
    """Return the routes under `/api/recommender`, of which all but the health need the key; `clock` gives seconds since 1970."""
    router = APIRouter()
    private = private_router(key, "the shop's own server")
    _add_lists(private, live, clock)
    _add_items(private, live, clock)
    _add_users(private, live, clock)
    router.include_router(private)

    @router.get("/health")
    def health() -> dict[str, Any]:
        """Say that the recommender answers, and over what."""
        state = live.state
        return {
            "status": "ok",
            "model": state.engine.model.kind,
            "items": len(live.index),
            "index": live.index.spec.kind,
        }

    return router


def _add_lists(router: APIRouter, live: Live, clock: Callable[[], float]) -> None:
    # Two, so that one computes while the other waits for the database; more would only delay each other in one interpreter.
    makers = ThreadPoolExecutor(2, "lists")
    computing = Lock()

    def answer(request: RecommendRequest, wish: FloatArray | None) -> Response:
        state = live.state
        profile = _profile(live, state, request, wish)
        with computing:
            found = recommend(state.engine, profile, request.rules, clock())
            results = described(state, found, request.reasons)
        if request.user and request.remember and results:
            live.record_shown(state, request.user, [result["id"] for result in results], clock())
        return Response(to_json({"results": results}), media_type="application/json")

    @router.post("/recommend", response_model=dict[str, Any], responses=_UNKNOWN)
    async def make_list(request: RecommendRequest) -> Response:
        """Return a list with the reasons of each item."""
        if request.user and (request.items or request.sentence):
            raise HTTPException(422, "give a user, or items and a sentence of somebody new, not both")
        # Not by the makers: a sentence that is read holds up no other list.
        wish = await asyncio.to_thread(live.wish, request.sentence) if request.sentence else None
        return await asyncio.get_running_loop().run_in_executor(makers, answer, request, wish)

    @router.get("/similar/{item:path}", responses=_UNKNOWN)
    def similar(item: PathId, count: Annotated[int, Query(ge=1, le=MOST_RESULTS)] = 10) -> dict[str, Any]:
        """Return the items whose text is nearest."""
        state = live.state
        with _refused(404):
            found = live.similar(state, item, count)
        return {"results": [{**card(state, each), "cosine": round(cosine, 6)} for each, cosine in found]}


def _add_items(router: APIRouter, live: Live, clock: Callable[[], float]) -> None:
    @router.post("/items", status_code=201, responses=problems(409))
    def add_items(request: ItemsRequest) -> dict[str, int]:
        """Add items; their text places them at once."""
        now = clock()
        with _refused(409):
            live.add_items([_item(each, now) for each in request.items])
        return {"added": len(request.items)}

    @router.patch("/items", responses=_UNKNOWN)
    def change_items(request: ChangesRequest) -> dict[str, int]:
        """Change prices and stock of items; all that was learned of them stays."""
        changes = {each.id: each.model_dump(exclude={"id"}, exclude_none=True) for each in request.items}
        with _refused(404):
            live.change_items(changes)
        return {"changed": len(changes)}

    @router.delete("/items/{item:path}", responses=_UNKNOWN)
    def remove_item(item: PathId) -> dict[str, Any]:
        """Remove an item and prove that nothing of it is left."""
        with _refused(404):
            return live.remove_item(item).report()


def _add_users(router: APIRouter, live: Live, clock: Callable[[], float]) -> None:
    @router.post("/events", status_code=201, responses=_UNKNOWN)
    def record(request: EventRequest) -> dict[str, int]:
        """Remember what a user did; it counts in the next list."""
        with _refused(404):
            live.record(request.user, request.action, request.items, clock())
        return {"recorded": len(request.items)}

    @router.get("/users/{user:path}")
    def export(user: PathId) -> dict[str, Any]:
        """Return what is stored about a user; an unknown user has no events."""
        return {"user": user, "events": live.export_user(user)}

    @router.delete("/users/{user:path}")
    def forget(user: PathId) -> dict[str, Any]:
        """Forget a user and prove it."""
        return live.forget_user(user).report()


@contextmanager
def _refused(status: int) -> Iterator[None]:
    """Answer with a status what the data do not allow."""
    try:
        yield
    except DataError as error:
        raise HTTPException(status, str(error)) from error


def _profile(live: Live, state: State, request: RecommendRequest, wish: FloatArray | None) -> Profile:
    if request.user:
        return state.profile(request.user, live.store.events(request.user))
    with _refused(404):
        return state.visitor(request.items, wish)


def described(state: State, found: Sequence[Recommendation], most: int) -> list[dict[str, Any]]:
    """Return results as data: the item, the score with its parts, and the `most` strongest reasons, with their shares of all."""
    return [_described(state, each, most) for each in found]


def _described(state: State, found: Recommendation, most: int) -> dict[str, Any]:
    def title(item: int) -> str:
        return state.catalogue.items[item].title

    because = reasons(found, most)
    return {
        **card(state, found.item),
        "score": round(found.score, 6),
        "parts": {name: round(value, 6) for name, value in found.parts.items()},
        "reasons": [
            {
                "id": state.catalogue.ids[reason.item],
                "contribution": round(reason.contribution, 6),
                "share": round(reason.share, 6),
            }
            for reason in because
        ],
        "why": {language: why(state.engine.model, because, found, title, language) for language in _LANGUAGES},
    }


def card(state: State, item: int) -> dict[str, Any]:
    """Return what a list shows of an item."""
    known = state.catalogue.items[item]
    return {"id": known.id, "title": known.title, "category": known.category, "price": known.price}


def _item(new: NewItem, now: float) -> Item:
    description, added = plain_text(new.description), now if new.added is None else new.added
    return Item(**{**new.model_dump(), "description": description, "added": added})
