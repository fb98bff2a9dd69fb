"""Who may do what not everybody may: whoever has the key, a file beside the runs that the first start makes for its owner alone."""

import os
import secrets
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from verticals.errors import StorageError
from verticals.problems import problems


def key_in(path: Path) -> str:
    """Return the key in a file, which is made where there is none.

    Raises:
        StorageError: the file cannot be read or made, or is empty.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(24) + "\n")
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"{path}: the key cannot be read or made: {error}; remove it and start again") from error
    if not key:  # nothing would open what it guards, and nobody would know why
        raise StorageError(f"{path}: expected a key, found an empty file; remove it and start again")
    return key


def opens(key: str, given: str) -> bool:
    """Say whether what somebody gave is the key, in the same time whether it nearly is or not."""
    return bool(key) and secrets.compare_digest(key.encode(), given.strip().encode("utf-8", "replace"))


def private_router(key: str, whom: str) -> APIRouter:
    """Return a router whose routes answer 401 to a request without the key; `whom` says for whom they are."""
    described = Security(HTTPBearer(auto_error=False))  # for the reference alone: what asks is the class of the routes
    return APIRouter(route_class=_guarded(key, whom), dependencies=[described], responses=problems(401))


def _guarded(key: str, whom: str) -> type[APIRoute]:
    """Return a class and no dependency, since FastAPI reads the body before it asks those: strangers would have theirs read and discussed."""

    class Guarded(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            answer = super().get_route_handler()

            async def checked(request: Request) -> Response:
                scheme, given = get_authorization_scheme_param(request.headers.get("Authorization"))
                if scheme.lower() != "bearer" or not opens(key, given):
                    how = f"for {whom}: send the header 'Authorization: Bearer KEY'"
                    raise HTTPException(401, how, {"WWW-Authenticate": "Bearer"})
                return await answer(request)

            return checked

    return Guarded
