"""Who may do what not everybody may: whoever has the key, a file beside the runs that the first start makes for its owner alone."""

import os
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from fastapi import Header, HTTPException

from verticals.errors import StorageError


def key_in(path: Path) -> str:
    """Return the key in a file, which is made where there is none.

    Raises:
        StorageError: the file cannot be read or made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(24) + "\n")
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"{path}: the key cannot be read or made: {error}; remove it and start again") from error


def opens(key: str, given: str) -> bool:
    """Say whether what somebody gave is the key, in the same time whether it nearly is or not."""
    return bool(key) and secrets.compare_digest(key.encode(), given.strip().encode("utf-8", "replace"))


def bearer(key: str, whom: str) -> Callable[[str], Awaitable[None]]:
    """Return a dependency of REST routes that answers 401 to a request without the key; `whom` says for whom they are.

    It is asynchronous, since it waits for nothing and would otherwise take a thread of its own for each request.
    """

    async def check(authorization: Annotated[str, Header()] = "") -> None:
        if not opens(key, authorization.removeprefix("Bearer ")):
            raise HTTPException(
                401, f"for {whom}: send the header 'Authorization: Bearer KEY'", {"WWW-Authenticate": "Bearer"}
            )

    return check
