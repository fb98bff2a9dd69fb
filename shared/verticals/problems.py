"""What a request that fails is answered, as the reference of the routes describes it."""

from typing import Any

from pydantic import BaseModel


class Problem(BaseModel):
    """What is wrong, in one sentence."""

    detail: str


class Fault(BaseModel):
    """One thing that is wrong with a request: its kind, where it stands, and what was expected."""

    type: str
    loc: list[str | int]
    msg: str


class Refusal(BaseModel):
    """What is wrong with the values of a request: each fault where the schema finds it, or a sentence where it could not."""

    detail: list[Fault] | str


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may answer with these statuses."""
    return {status: {"model": Refusal if status == 422 else Problem} for status in statuses}
