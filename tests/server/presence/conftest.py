"""Presence in the hand: a clock that a test turns, links that only remember, a watcher's view."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trio
from hypothesis import settings

from lastseen.server import logs
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.model import Moment, Policy, Registration, Session
from lastseen.server.presence.presence import Presence
from lastseen.shared.messages import (
    ClientList,
    ClientRecord,
    Diff,
    Goodbye,
    Message,
    Register,
    ToClient,
    Watch,
)
from lastseen.shared.wire import from_server, to_frame

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")

WALL = 1_800_000_000.0
"""Unix time at the start of every test."""


class FakeLink:
    """Remembers what it was sent. `takes` is how many messages leave before it is stuck."""

    wire_format = "msgpack"

    def __init__(self, takes: float = float("inf")) -> None:
        self.takes = takes
        self.sent: list[ToClient | Message] = []
        self.goodbyes: list[Goodbye] = []
        self.unread = False
        self.wants_a_turn = False

    @property
    def idle(self) -> bool:
        return self.takes > 0 and not self.wants_a_turn and not self.goodbyes

    def send(self, message: Message) -> None:
        self.takes -= 1
        self.sent.append(message)

    def send_encoded(self, data: bytes) -> None:
        self.send(from_server.decode(data[4:]))

    def call_when_idle(self) -> None:
        self.wants_a_turn = True

    def dismiss(self, goodbye: Goodbye) -> None:
        self.goodbyes.append(goodbye)

    def has_unread(self) -> bool:
        return self.unread

    def crashed(self) -> None:
        self.dismiss(Goodbye("internal_error", reconnect=True))

    @property
    def diffs(self) -> list[Diff]:
        return [m for m in self.sent if isinstance(m, Diff)]

    @property
    def pages(self) -> list[ClientList]:
        return [m for m in self.sent if isinstance(m, ClientList)]


class View:
    """What a watcher knows, by the rules of docs/protocol.md: everything in the order it came."""

    def __init__(self) -> None:
        self.clients: dict[str, ClientRecord] = {}
        self.position: tuple[str, int] | None = None

    def apply(self, messages: list[Any]) -> "View":
        for message in messages:
            records = message.clients if isinstance(message, ClientList) else ()
            if isinstance(message, Diff):
                records = (*message.joins, *message.updates)
                for gone in message.leaves:
                    self.clients.pop(gone.client_id, None)  # one of a page still to come
            self.clients |= {record.client_id: record for record in records}
            self.position = (message.epoch, message.revision)
        return self


class World:
    """A presence whose time passes only when a test says so."""

    def __init__(self, policy: Policy, encoders: dict[str, Callable[[Diff], bytes]]) -> None:
        self.monotonic, self.wall = 1000.0, WALL
        self.clock = AwakeClock(lambda: self.monotonic, lambda: self.wall)
        self.clock.sample()
        self.presence = Presence(policy, self.clock, encoders)
        self.offered = 0

    @property
    def now(self) -> Moment:
        return self.clock.now()

    def wait(self, seconds: float) -> None:
        """Time passes, and the clock is sampled every second as it should be."""
        until = self.monotonic + seconds
        while self.monotonic < until:
            step = min(1.0, until - self.monotonic)
            self.monotonic += step
            self.wall += step
            self.clock.sample()

    def stall(self, seconds: float) -> None:
        """Time passes and nobody of ours runs."""
        self.monotonic += seconds
        self.wall += seconds

    def register(
        self, client_id: str, instance: str = "i1", link: FakeLink | None = None, **fields: Any
    ) -> Session:
        message = Register(client_id, instance=instance, **fields)
        registration = Registration(message, "tcp", f"127.0.0.1:{len(client_id)}")
        return self.presence.register(registration, link or FakeLink(), self.now)

    def reap(self) -> list[str]:
        """A pass of the reaper, without its pauses: whom it gave up on."""
        due = self.presence.due(self.now)
        for session in due:
            self.presence.give_up(session, self.now)
        return [session.client.client_id for session in due]

    def status(self, client_id: str) -> str:
        record = self.presence.registry.record(client_id)
        return record.status if record else "unknown"

    def watch(self, link: FakeLink, epoch: str | None = None, revision: int | None = None) -> None:
        self.presence.watchers.add(link, Watch(epoch, revision, request_id=7))

    def tell(self) -> None:
        """A round of telling, without its pauses."""
        self.presence.journal.trim(self.offered)
        self.presence.publish()
        self.offered = self.presence.journal.revision
        for link in list(self.presence.watchers._watchers):
            self.presence.watchers.advance(link)

    def drain(self, link: FakeLink) -> None:
        """Give a link its turns until it asks for none."""
        while link.wants_a_turn and not link.goodbyes:
            link.wants_a_turn = False
            self.presence.watchers.advance(link)

    def snapshot(self) -> dict[str, ClientRecord]:
        """Everyone present, as the registry has them."""
        records = map(self.presence.registry.record, self.presence.registry.ids_after(None))
        return {r.client_id: r for r in records if r is not None and r.status != "offline"}


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands come and go here: no line for each."""
    logs.set_level("error")
    yield
    logs.set_level("info")


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """The log since the last call, as text."""
    logs.set_level("info")
    yield lambda: capsys.readouterr().err
    logs.set_level("error")


@pytest.fixture(scope="session")
def new_world() -> Callable[..., World]:
    def make(encoders: dict[str, Callable[[Diff], bytes]] | None = None, **policy: Any) -> World:
        return World(Policy(**policy), encoders or {"msgpack": to_frame})

    return make


@pytest.fixture
def world(new_world: Callable[..., World]) -> World:
    return new_world()


@pytest.fixture(scope="session")
def new_link() -> type[FakeLink]:
    return FakeLink


@pytest.fixture(scope="session")
def new_view() -> type[View]:
    return View


@pytest.fixture
def new_presence() -> Callable[..., Presence]:
    """Presence by trio's clock, for the tasks: run `clock.run` beside it."""

    def make(encoders: dict[str, Callable[[Diff], bytes]] | None = None, **policy: Any) -> Presence:
        clock = AwakeClock(trio.current_time, lambda: WALL + trio.current_time())
        return Presence(Policy(**policy), clock, encoders or {"msgpack": to_frame})

    return make
