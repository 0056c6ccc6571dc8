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
from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from lastseen.server.config import Config
from lastseen.server.links.browsers import Browsers
from lastseen.server.links.codecs import JSON, MSGPACK
from lastseen.server.links.connection_limits import UNLIMITED
from lastseen.server.links.desk import Desk
from lastseen.server.links.doorkeeper import Doorkeeper
from lastseen.server.links.frames import FORMAT
from lastseen.server.links.poller import Poller, SelectorPoller, new_poller
from lastseen.server.links.pump import Pump
from lastseen.server.links.reception import Reception
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.presence import Presence
from lastseen.server.presence.reaper import reap
from lastseen.server.stats import Gauge
from lastseen.server.steering import Steering, policy_of
from lastseen.shared.framing import Framer
from lastseen.shared.messages import Goodbye, Message, Register
from lastseen.shared.wire import from_server, json_from_server, pack, to_frame, to_json

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


class WebPeer:
    """The other end of a WebSocket, by the library's client; it does nothing unasked, not even
    answer a ping.

    Attributes:
        heard: Every message it was told, in order.
        pings: How often it was pinged.
        response: The status of the handshake.
        close: The code and the words of the closing frame.
        ended: The server has closed its side.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.library = ClientProtocol(parse_uri("ws://localhost/ws"), max_size=None)
        self.heard: list[Any] = []
        self.pings = 0
        self.response: int | None = None
        self.ended = False

    def request(self, **headers: str) -> None:
        """Open the handshake."""
        request = self.library.connect()
        for name, value in headers.items():
            request.headers[name.replace("_", "-")] = value
        offered = headers.get("Sec_WebSocket_Protocol")
        self.library.available_subprotocols = [Subprotocol(offered)] if offered else None
        self.library.send_request(request)
        self._send()

    def say(self, *messages: Message) -> None:
        for message in messages:
            if self.library.subprotocol == MSGPACK.subprotocol:
                self.library.send_binary(pack(message))
            else:
                self.library.send_text(to_json(message))
            self._send()

    def say_bytes(self, data: bytes) -> None:
        assert self.socket.send(data) == len(data)

    def answer(self) -> None:
        """Answer a ping."""
        self.library.send_pong(b"")
        self._send()

    def bid_farewell(self, code: int | None = 1000) -> None:
        """Begin to close."""
        self.library.send_close(code)
        self._send()

    def read(self) -> list[Any]:
        """What has come since the last call."""
        known = len(self.heard)
        while not self.ended:
            try:
                data = self.socket.recv(1 << 20)
            except BlockingIOError:
                break
            if not data:
                self.ended = True
                self.library.receive_eof()
            else:
                self.library.receive_data(data)
            self.library.data_to_send()  # pongs: whether it answers is for the test to say
            for event in self.library.events_received():
                self._note(event)
        return self.heard[known:]

    @property
    def close(self) -> tuple[int, str] | None:
        self.read()
        found = self.library.close_rcvd
        return None if found is None else (int(found.code), found.reason)

    @property
    def goodbye(self) -> Goodbye | None:
        """The last message, if it was that."""
        self.read()
        last = self.heard[-1] if self.heard else None
        return last if isinstance(last, Goodbye) else None

    def hang_up(self) -> None:
        self.socket.close()

    def _send(self) -> None:
        self.say_bytes(b"".join(self.library.data_to_send()))

    def _note(self, event: Any) -> None:
        if isinstance(event, Response):
            self.response = event.status_code
        elif event.opcode is Opcode.PING:
            self.pings += 1
        elif event.opcode is Opcode.TEXT:
            self.heard.append(json_from_server.decode(bytes(event.data)))
        elif event.opcode is Opcode.BINARY:
            self.heard.append(from_server.decode(bytes(event.data)))


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
        encoders = {FORMAT: to_frame} | {c.subprotocol: c.encode for c in (JSON, MSGPACK)}
        self.presence = Presence(policy_of(config), self.clock, encoders)
        self.steering = Steering(config, self.presence)
        self.doorkeeper = Doorkeeper()
        self.pump = Pump(self.clock, self.poller)
        self.limits = UNLIMITED
        gauge = Gauge(self.presence)
        self.desk = Desk(
            self.presence,
            self.steering,
            self.doorkeeper,
            lambda request_id: gauge.read(connections=len(self.pump), request_id=request_id),
            limits=lambda: self.limits,
        )
        self.reception = Reception(self.pump, self.desk)
        self.browsers = Browsers(self.reception, self.desk)
        self.peers: list[Any] = []

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

    def arrive(
        self, address: tuple[str, int] | None = None, *, room: int | None = None
    ) -> "WebPeer":
        """A peer that has come to the door for WebSockets, and has said nothing yet."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        if room is not None:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
        peer = WebPeer(theirs)
        self.peers.append(peer)
        self.browsers.admit(ours, address or ("192.0.2.8", 40_000 + len(self.peers)))
        return peer

    def browse(self, **headers: str) -> "WebPeer":
        """A peer whose WebSocket is open."""
        peer = self.arrive()
        peer.request(**headers)
        self.settle()
        peer.read()
        return peer

    def register(self, client_id: str, **fields: Any) -> Peer:
        """A peer that is present."""
        peer = self.connect()
        self.ask(peer, Register(client_id, **({"instance": "i"} | fields)))
        return peer

    def ask(self, peer: Any, *messages: Message) -> list[Any]:
        """What a peer is told until the pump is quiet again, once it has said this."""
        peer.read()
        peer.say(*messages)
        self.settle()
        return peer.read()

    @property
    def busy(self) -> bool:
        return bool(select.select([self.poller.fileno()], [], [], 0)[0])

    def settle(self, reading: Iterable[Any] = ()) -> None:
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


def settings_with(
    websocket: dict[str, Any] | None = None, http: dict[str, Any] | None = None, **server: Any
) -> Config:
    """The defaults, but for these of [websocket], of [http] and of [server]."""
    config = Config()
    return replace(
        config,
        server=replace(config.server, **server),
        websocket=replace(config.websocket, **(websocket or {})),
        http=replace(config.http, **(http or {})),
    )


POLLERS: list[Callable[[], Poller]] = [SelectorPoller]
if hasattr(select, "epoll"):
    POLLERS.append(select.epoll)


@pytest.fixture(params=POLLERS)
def poller(request: pytest.FixtureRequest) -> Iterator[Poller]:
    """Each kind that there is here."""
    poller = request.param()
    yield poller
    poller.close()


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
        nursery.start_soon(house.presence.watchers.tell)
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
