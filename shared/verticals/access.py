"""Who may do what not everybody may: whoever has the key, a file beside the runs that the first start makes for its owner alone."""

import os
import secrets
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute

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


def bearer(key: str, whom: str) -> type[APIRoute]:
    """Return the class of REST routes that answer 401 to a request without the key; `whom` says for whom they are.

    A class and no dependency, since FastAPI reads the body before it asks those: strangers would have theirs read and discussed.
    """

    class Guarded(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            answer = super().get_route_handler()

            async def checked(request: Request) -> Response:
                if not opens(key, request.headers.get("Authorization", "").removeprefix("Bearer ")):
                    how = f"for {whom}: send the header 'Authorization: Bearer KEY'"
                    raise HTTPException(401, how, {"WWW-Authenticate": "Bearer"})
                return await answer(request)

            return checked

    return Guarded
