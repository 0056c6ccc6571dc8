"""A folder of its own for each test, and a store with something in it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lastseen.server.store.model import Event, KnownClient
from lastseen.server.store.opening import open_store


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and no variables: no settings but the test's own."""
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith("LASTSEEN_")]:
        monkeypatch.delenv(variable)
    return tmp_path


@pytest.fixture
def remember() -> Callable[..., None]:
    """Has the store at a url remember that so many clients came."""

    def remember(url: str = "sqlite:///lastseen.db", *, number: int = 3) -> None:
        store = open_store(url)
        ids = [f"c{n}" for n in range(1, number + 1)]
        events = [_came(client_id, place) for place, client_id in enumerate(ids, 1)]
        store.record(events, [_client(client_id) for client_id in ids])
        store.close()

    return remember


def _client(client_id: str) -> KnownClient:
    return KnownClient(
        client_id=client_id,
        name="",
        hostname="",
        ip="127.0.0.1",
        port=1,
        via="tcp",
        user_name="",
        nickname="",
        avatar="",
        groups=(),
        meta={},
        availability="available",
        note="",
        last_seen=1e9,
        first_seen=1e9,
        updated_at=1e9,
    )


def _came(client_id: str, number: int) -> Event:
    return Event(
        client_id=client_id,
        before="offline",
        after="online",
        reason="registered",
        at=1e9,
        last_seen=1e9,
        deadline=None,
        epoch="e1",
        address="",
        number=number,
    )
