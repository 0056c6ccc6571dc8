"""A server of real parts on socket pairs: tests turn the pump by hand, and the clock by MockClock.

Nothing here listens, and nothing waits: a test connects peers, has them say something, turns the
pump until it is quiet, and looks at what they were told.
"""

import select
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import trio
import trio.testing
from hypothesis import settings as hypothesis_settings
from msgspec.structs import replace

from lastseen.server.config import Config
from lastseen.server.links.desk import Desk
from lastseen.server.links.doorkeeper import Doorkeeper
from lastseen.server.links.frames import FORMAT
from lastseen.server.links.poller import Poller, new_poller
from lastseen.server.links.pump import Pump
from lastseen.server.links.reception import Reception
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.presence import Presence
from lastseen.server.presence.reaper import reap
from lastseen.server.stats import Gauge
from lastseen.server.steering import Steering, policy_of
from lastseen.shared.framing import Framer
from lastseen.shared.messages import Goodbye, Message, Register
from lastseen.shared.wire import from_server, to_frame

# The same examples every time: a test fails on everyone's machine, or on none.
hypothesis_settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis_settings.load_profile("repeatable")

WALL = 1_772_625_600.0  # 2026-03-04 12:00 UTC
MOST_TURNS = 10_000  # a pump that is never quiet is a fault, not a reason to hang


class Peer:
    """The other end of a link, in the test's hands.

    Attributes:
        heard: Every message it was told, in order.
        ended: The server has closed its side.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.heard: list[Any] = []
        self.ended = False
        self._framer = Framer()

    def say(self, *messages: Message) -> None:
        self.say_bytes(b"".join(map(to_frame, messages)))

    def say_bytes(self, data: bytes) -> None:
        """What does not fit into the kernel's buffers is an error of the test."""
        assert self.socket.send(data) == len(data)

    def read(self) -> list[Any]:
        """What has come since the last call."""
        known = len(self.heard)
        while not self.ended:
            try:
                data = self.socket.recv(1 << 20)
            except BlockingIOError:
                break
            self.ended = not data
            self.heard += [from_server.decode(p) for p in self._framer.feed(data)]
        return self.heard[known:]

    def hang_up(self) -> None:
        self.socket.close()

    @property
    def goodbye(self) -> Goodbye | None:
        """The last message, if it was that."""
        self.read()
        last = self.heard[-1] if self.heard else None
        return last if isinstance(last, Goodbye) else None


class House:
    """All parts of a server but its listeners and its loop."""

    def __init__(
        self,
        config: Config | None = None,
        monotonic: Callable[[], float] = lambda: 0.0,
        poller: Poller | None = None,
    ) -> None:
        config = config or Config()
        self.poller = poller or new_poller()
        self.clock = AwakeClock(monotonic, lambda: WALL + monotonic())
        self.presence = Presence(policy_of(config), self.clock, {FORMAT: to_frame})
        self.steering = Steering(config, self.presence)
        self.doorkeeper = Doorkeeper()
        self.pump = Pump(self.clock, self.poller)
        gauge = Gauge(self.presence)
        self.desk = Desk(
            self.presence,
            self.steering,
            self.doorkeeper,
            lambda request_id: gauge.read(connections=len(self.pump), request_id=request_id),
        )
        self.reception = Reception(self.pump, self.desk)
        self.peers: list[Peer] = []

    def connect(self, address: tuple[str, int] | None = None, *, room: int | None = None) -> Peer:
        """A peer whose connection has come in. `room`: bytes that the kernel takes from us."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        if room is not None:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
        peer = Peer(theirs)
        self.peers.append(peer)
        self.reception.admit_tcp(ours, address or ("192.0.2.7", 40_000 + len(self.peers)))
        return peer

    def register(self, client_id: str, **fields: Any) -> Peer:
        """A peer that is present."""
        peer = self.connect()
        self.ask(peer, Register(client_id, **({"instance": "i"} | fields)))
        return peer

    def ask(self, peer: Peer, *messages: Message) -> list[Any]:
        """What a peer is told until the pump is quiet again, once it has said this."""
        peer.read()
        peer.say(*messages)
        self.settle()
        return peer.read()

    @property
    def busy(self) -> bool:
        return bool(select.select([self.poller.fileno()], [], [], 0)[0])

    def settle(self, reading: Iterable[Peer] = ()) -> None:
        """Turn the pump until nothing is ready, these peers reading meanwhile."""
        for _ in range(MOST_TURNS):
            for peer in reading:
                peer.read()
            if not self.busy:
                return
            self.pump.turn()
        raise AssertionError("the pump is never quiet")

    def status(self, client_id: str) -> str | None:
        record = self.presence.registry.record(client_id)
        return record and record.status

    def reason(self, client_id: str) -> str | None:
        record = self.presence.registry.record(client_id)
        return record and record.reason

    def demolish(self) -> None:
        self.reception.close_all()
        self.poller.close()
        for peer in self.peers:
            peer.hang_up()


def settings_with(**server: Any) -> Config:
    """The defaults, but for these of [server]."""
    config = Config()
    return replace(config, server=replace(config.server, **server))


@pytest.fixture
def build() -> Iterator[Callable[..., House]]:
    """Builds houses of the given [server] settings, whose time stands still."""
    houses = []

    def build(*, poller: Poller | None = None, **server: Any) -> House:
        houses.append(House(settings_with(**server), poller=poller))
        return houses[-1]

    yield build
    for house in houses:
        house.demolish()


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    """A house with the default settings, whose time stands still."""
    return build()


class LivingHouse(House):
    """One whose tasks run, by trio's clock."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, trio.current_time)

    async def pass_time(
        self, clock: trio.testing.MockClock, seconds: float, *, step: float = 0.25
    ) -> None:
        """Let time pass, in steps that are no stall; the pump turns after each.

        pytest-trio runs a test by the clock that the test itself asks for, so it is given here.
        """
        await self.rest()
        end = trio.current_time() + seconds
        while trio.current_time() < end - 1e-9:
            clock.jump(min(step, end - trio.current_time()))
            await self.rest()

    async def rest(self) -> None:
        """Let everyone do what there is to do."""
        await trio.testing.wait_all_tasks_blocked()
        self.settle()
        await trio.testing.wait_all_tasks_blocked()
        self.settle()


@pytest.fixture
async def build_living(nursery: trio.Nursery) -> Any:
    """Builds a house of the given [server] settings, whose tasks run."""
    houses = []

    def build_living(**server: Any) -> LivingHouse:
        house = LivingHouse(settings_with(**server))
        houses.append(house)
        nursery.start_soon(house.clock.run)
        nursery.start_soon(house.presence.tell_watchers)
        nursery.start_soon(house.reception.see_to_deadlines)
        nursery.start_soon(house.reception.tell_settings)
        nursery.start_soon(reap, house.presence, lambda: house.steering.config.server.reap_interval)
        return house

    yield build_living
    nursery.cancel_scope.cancel()
    for house in houses:
        house.demolish()


@pytest.fixture
async def living_house(build_living: Callable[..., LivingHouse]) -> LivingHouse:
    """A house with the default settings, whose tasks run."""
    return build_living()


@pytest.fixture
def peer_of() -> Iterator[Callable[[socket.socket], Peer]]:
    """Makes a peer of a socket, which is closed in the end."""
    peers = []

    def peer_of(sock: socket.socket) -> Peer:
        peers.append(Peer(sock))
        return peers[-1]

    yield peer_of
    for peer in peers:
        peer.hang_up()
