"""Clients that something happened to, messages that tell of it, and a store that keeps them."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trio

from lastseen.server.notify.notice import ClientNotice, Item, Message
from lastseen.server.store.opening import open_store
from lastseen.server.store.store import Store
from lastseen.server.store.telling import Kind
from lastseen.shared.messages import ClientRecord

AT = 1_790_000_000.0
"""2026-09-21 14:13:20 UTC: when what is told happened."""


@pytest.fixture
def make_client() -> Callable[..., ClientRecord]:
    """Makes a client that was last seen two minutes before AT, and fell silent."""

    def make(client_id: str = "web-01", **changes: Any) -> ClientRecord:
        fields = {
            "status": "offline",
            "reason": "timeout",
            "since": datetime.fromtimestamp(AT, UTC),
            "last_seen": datetime.fromtimestamp(AT - 120, UTC),
        }
        return ClientRecord(client_id=client_id, **(fields | changes))

    return make


@pytest.fixture
def make_item(make_client: Callable[..., ClientRecord]) -> Callable[..., Item]:
    """Makes an item of a kind about a client with these attributes."""

    def make(kind: Kind = "offline", client_id: str = "web-01", **changes: Any) -> Item:
        about = {
            name: changes.pop(name)
            for name in ClientNotice.__struct_fields__
            if name in changes and name != "client"
        }
        about = {"at": AT, "offline_since": AT, "gone": 120.0} | about
        notice = ClientNotice(make_client(client_id, **changes), **about)
        return Item(f"msg_{client_id}_{kind}", kind, notice, event_id=7)

    return make


@pytest.fixture
def make_message(make_item: Callable[..., Item]) -> Callable[..., Message]:
    """Makes a message of one item."""

    def make(kind: Kind = "offline", client_id: str = "web-01", **changes: Any) -> Message:
        item = make_item(kind, client_id, **changes)
        return Message(item.key, (item,))

    return make


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty one, in a file."""
    store = open_store(f"sqlite:///{tmp_path}/test.db")
    yield store
    store.close()


@pytest.fixture
def in_this_thread() -> Callable[..., Awaitable[Any]]:
    """Has the store called where simulated time does not pass."""

    async def in_this_thread(call: Callable[..., Any], *what: Any) -> Any:
        await trio.lowlevel.checkpoint()
        return call(*what)

    return in_this_thread
