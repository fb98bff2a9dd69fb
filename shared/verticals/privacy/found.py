"""What is found in a text."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["email", "phone", "card", "iban", "identity", "address", "name"]


@dataclass(frozen=True)
class Found:
    """A piece of personal data in a text; `start` and `end` are character positions."""

    kind: Kind
    start: int
    end: int
