"""HTTP over a real presence, spoken to without a socket; with a store in a file where one is asked
for.
"""

import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
import trio.testing
from msgspec.structs import replace

from lastseen.server.config import Config
from lastseen.server.config.runtime import Runtime
from lastseen.server.hosts import OwnHosts
from lastseen.server.http.app import make_app
from lastseen.server.http.asking import Asking
from lastseen.server.http.desk import Desk
from lastseen.server.http.folder import Folder
from lastseen.server.http.metrics import Parts
from lastseen.server.http.origins import Origins
from lastseen.server.http.serving import HttpServer
from lastseen.server.http.stream import FORMAT, Readers, encode_diff
from lastseen.server.keeping.memory import Memory, open_memory
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.model import Registration, Session
from lastseen.server.presence.presence import Presence
from lastseen.server.stats import Gauge
from lastseen.server.steering import Steering, policy_of
from lastseen.shared.messages import Goodbye, Message, Register


class FakeLink:
    """A link of a client, which notes what it is told."""

    def __init__(self) -> None:
        self.heard: list[Message] = []

    def send(self, message: Message) -> None:
        self.heard.append(message)

    def dismiss(self, goodbye: Goodbye) -> None:
        self.heard.append(goodbye)

    def has_unread(self) -> bool:
        return False

    def crashed(self) -> None:
        self.dismiss(Goodbye("internal_error", reconnect=True))


class House:
    """A server's parts, with HTTP on top.

    Attributes:
        app: The ASGI application.
        kept: Where changed settings are kept.
        link: Of every client that registers.

    `desk` are fields of the desk, such as `telling`.
    """

    def __init__(
        self, folder: Path, *, stored: bool = False, base_path: str = "", **desk: Any
    ) -> None:
        config = Config()
        self.kept = folder / "runtime.toml"
        self.presence = Presence(policy_of(config), AwakeClock(), {FORMAT: encode_diff})
        self.steering = Steering(config, self.presence, None, Runtime(self.kept, {}))
        self.link = FakeLink()
        self.memory: Memory | None = None
        if stored:
            self.memory = open_memory("sqlite:///test.db", folder, self.presence, self.steering)
        keeper = None if self.memory is None else self.memory.keeper
        self.gauge = Gauge(self.presence, keeper)
        self.readers = Readers(self.presence)
        self.origins = Origins(OwnHosts(["hub.example"]), "https://hub.example/seen/")
        self.web = folder / "web"
        self.desk = Desk(
            self.presence,
            self.steering,
            lambda: self.gauge.read(connections=0),
            None if self.memory is None else self.memory.reading,
            Asking(),
            **desk,
        )
        self.parts = Parts(None, keeper, None)
        self.app = make_app(
            self.desk, self.readers, self.origins, base_path, Folder(self.web), self.parts
        )

    def register(self, client_id: str, **said: Any) -> Session:
        """Let a client in by a link."""
        registration = Registration(Register(client_id, **said), "tcp", "192.0.2.1:7")
        return self.presence.register(registration, self.link, self.presence.clock.now())

    def judge(self, **policy: Any) -> None:
        """By other settings from now on."""
        self.presence.follow(replace(self.presence.policy, **policy))

    def leave(self, session: Session) -> None:
        self.presence.leave(session, self.presence.clock.now())

    def client(self, **options: Any) -> httpx.AsyncClient:
        """Who asks."""
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(
            **({"transport": transport, "base_url": "http://localhost:8082"} | options)
        )


NewHouse = Callable[..., House]


@pytest.fixture
async def house(tmp_path: Path) -> House:
    """One that remembers nothing."""
    return House(tmp_path)


@pytest.fixture
def new_house(tmp_path: Path) -> NewHouse:
    """Makes more of them, inside trio."""

    def make(**options: Any) -> House:
        return House(tmp_path, **options)

    return make


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Asks the one that remembers nothing."""
    async with house.client() as client:
        yield client


@pytest.fixture
async def archive(tmp_path: Path, nursery: trio.Nursery) -> AsyncIterator[House]:
    """A house with a store."""
    house = House(tmp_path, stored=True)
    assert house.memory is not None
    await house.memory.restore()
    nursery.start_soon(house.memory.run)
    await trio.testing.wait_all_tasks_blocked()
    yield house
    await house.memory.finish()
    house.memory.store.close()


@pytest.fixture
async def asker(archive: House) -> AsyncIterator[httpx.AsyncClient]:
    """Asks the one with a store."""
    async with archive.client() as client:
        yield client


class Served:
    """An HTTP server, and pairs of connected sockets to speak to it."""

    def __init__(self, house: Any) -> None:
        self.server = HttpServer(house.app, house.readers, Config().http)
        self.house = house

    def connect(self, *, over_ipv6_socket: bool = False) -> trio.SocketStream:
        """Connect by IPv4, if `over_ipv6_socket` to a socket that takes both families."""
        options: dict[str, Any] = (
            {"family": socket.AF_INET6, "dualstack_ipv6": True} if over_ipv6_socket else {}
        )
        host = "" if over_ipv6_socket else "127.0.0.1"
        with socket.create_server((host, 0), **options) as listener:
            ours = socket.create_connection(("127.0.0.1", listener.getsockname()[1]))
            theirs, peer = listener.accept()
        theirs.setblocking(False)
        ours.setblocking(False)
        self.server.admit(theirs, peer)
        return trio.SocketStream(trio.socket.from_stdlib_socket(ours))


@pytest.fixture
async def served(house: Any, nursery: trio.Nursery) -> AsyncIterator[Served]:
    served = Served(house)
    await nursery.start(served.server.run)
    with trio.fail_after(10):
        yield served
