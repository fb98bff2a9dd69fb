"""The key beside the runs: made once, for its owner, and asked for by the routes that are not for everybody."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from verticals import access
from verticals.errors import StorageError


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key"
    key = access.key_in(path)
    assert key == access.key_in(path)
    assert path.stat().st_mode & 0o077 == 0
    assert access.opens(key, f" {key}\n")
    assert not access.opens(key, "")
    assert not access.opens("", "")
    for unusable in (b"\xff", b"\n"):
        (tmp_path / "bad").write_bytes(unusable)
        with pytest.raises(StorageError, match="remove it"):
            access.key_in(tmp_path / "bad")


def test_routes_behind_a_key_say_how_it_is_given_and_open_to_it_alone() -> None:
    router = access.private_router("secret", "staff")
    router.get("/")(lambda: "open")
    site = FastAPI()
    site.include_router(router)
    client = TestClient(site)
    refused = client.get("/", headers={"Authorization": "Bearer guess"})
    assert (client.get("/").status_code, refused.status_code) == (401, 401)
    assert refused.json()["detail"] == "for staff: send the header 'Authorization: Bearer KEY'"
    for scheme in ("Bearer", "bearer"):  # RFC 9110: the scheme's case says nothing
        assert client.get("/", headers={"Authorization": f"{scheme} secret"}).json() == "open"


def test_strangers_are_turned_away_before_their_body_is_read() -> None:
    router = access.private_router("secret", "staff")

    @router.post("/")
    def take(names: list[str]) -> int:
        return len(names)

    site = FastAPI()
    site.include_router(router)
    client = TestClient(site)
    assert client.post("/", content="{no json", headers={"Content-Type": "application/json"}).status_code == 401
    assert client.post("/", json=["ada"], headers={"Authorization": "Bearer secret"}).json() == 1
