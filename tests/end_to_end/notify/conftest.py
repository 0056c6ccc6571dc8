"""A server with a database, and those whom it tells: HTTP receivers and a mail server."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.server.notify.channels import conftest as channels

from lastseen.shared.messages import Goodbye, Leave

PATIENCE = 60.0
"""Seconds within which whatever is told arrives, on a busy machine too. Only a fault reaches it."""

STEADY = {"heartbeat_interval": 60, "connection_timeout": 120, "reconnect_grace": 60}
"""Nobody falls silent: who goes says goodbye."""


# The same receivers as in the tests of channels.
mailbox = channels.mailbox


def _until(condition: Callable[[], Any], what: str | Callable[[], object]) -> Any:
    """Wait for something to be true, and give it back; `what` is said when it never is."""
    deadline = time.monotonic() + PATIENCE
    while not (met := condition()):
        if time.monotonic() >= deadline:
            pytest.fail(f"not within {PATIENCE} s: {what() if callable(what) else what}")
        time.sleep(0.02)
    return met


@pytest.fixture
def until() -> Callable[..., Any]:
    """Waits for something to be true."""
    return _until


class Receiver(channels.Receiver):
    """An HTTP server that is told, and what it took of that."""

    def bodies(self) -> list[dict[str, Any]]:
        """What it took, in the order in which it came."""
        return [json.loads(request.body) for request in self.taken()]

    def taken(self) -> list[Any]:
        """The requests that it answered with success."""
        return [request for request in self.requests if 200 <= request.status < 300]

    def told(self) -> list[tuple[str, str]]:
        """Type and client of all that it took."""
        return [(body["type"], _client_of(body)) for body in self.bodies()]

    def wait_for(self, count: int) -> list[tuple[str, str]]:
        """Wait until it took so many."""
        _until(lambda: len(self.taken()) >= count, lambda: f"{count} taken; {self.told()}")
        return self.told()

    def wait_for_requests(self, count: int) -> None:
        """Wait until it was sent so many, whatever it said."""
        _until(lambda: len(self.requests) >= count, f"{count} requests")


def _client_of(body: Mapping[str, Any]) -> str:
    return str(body["data"].get("client", {}).get("client_id", ""))


@pytest.fixture
def new_receiver() -> Iterator[Callable[..., Receiver]]:
    """Starts receivers; all are gone in the end."""
    receivers: list[Receiver] = []

    def new_receiver(port: int = 0) -> Receiver:
        receivers.append(Receiver(port))
        return receivers[-1]

    yield new_receiver
    for receiver in receivers:
        receiver.close()


@pytest.fixture
def receiver(new_receiver: Callable[..., Receiver]) -> Receiver:
    """One who takes all that it is sent."""
    return new_receiver()


class Outbox:
    """The database of a server, looked at from outside."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path, timeout=30)) as connection:
            return connection.execute(statement, values).fetchall()

    def states(self, channel: str = "ops") -> list[str]:
        """Of each delivery of a channel, in the order of telling."""
        query = "SELECT state FROM deliveries WHERE channel = ? ORDER BY id"
        return [state for (state,) in self.query(query, channel)]

    def wait_for(self, states: list[str], channel: str = "ops") -> None:
        """Wait until deliveries are in these states."""
        _until(lambda: self.states(channel) == states, lambda: self.states(channel))

    def wait_for_nothing_pending(self) -> None:
        """Wait until all that was to be told is told, or was given up."""
        pending = "SELECT channel, client_id FROM deliveries WHERE state = 'pending'"
        _until(lambda: not self.query(pending), lambda: self.query(pending))


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """What the servers of a test remember of telling."""
    return Outbox(tmp_path / "test.db")


@pytest.fixture
def start_telling(start: Any, outbox: Outbox) -> Callable[..., Any]:
    """Starts a server with a database that tells by these channels: `webhook=[{…}]` and so on. All
    servers of a test have the same database; `server={…}` and so on change their settings.
    """

    def start_telling(**sections: Any) -> Any:
        kinds = ("webhook", "telegram", "apprise", "command", "maintenance")
        notify = {kind: sections.pop(kind) for kind in kinds if kind in sections}
        settings = {
            "server": STEADY | sections.pop("server", {}),
            "store": {"url": f"sqlite:///{outbox.path}", "flush_interval": 1},
        }
        return start(**(settings | sections), notify=notify)

    return start_telling


@pytest.fixture
def ops(receiver: Receiver) -> dict[str, Any]:
    """A webhook to the receiver, that tries again soon."""
    return {"name": "ops", "url": receiver.url, "retry_interval": 0.05}


class Guest:
    """One client, by a link that says nothing unasked."""

    def __init__(self, link: Any, client_id: str, **fields: Any) -> None:
        self._link = link
        self.session = link.register(client_id, **fields)

    def leave(self) -> None:
        """Say goodbye: it is offline at once."""
        self._link.say(Leave())
        self._link.hear_only(Goodbye)
        self._link.close()

    def vanish(self) -> None:
        """Be gone without a word."""
        with suppress(OSError):
            self._link.close()


@pytest.fixture
def come(wire: Any) -> Callable[..., Guest]:
    """Has a client come to a server."""
    return lambda server, client_id, **fields: Guest(wire(server), client_id, **fields)


@pytest.fixture
def go(come: Callable[..., Guest]) -> Callable[..., None]:
    """Has clients come and leave, one after the other."""

    def go(server: Any, *client_ids: str) -> None:
        for client_id in client_ids:
            come(server, client_id).leave()

    return go
