"""Real processes over loopback: a server on a free port, and clients that are killed and stopped.

Only what a test started is ended, by its process id. When a test fails, the log of its servers is
shown with it.
"""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from lastseen.shared.framing import Framer
from lastseen.shared.messages import List, Message, Register
from lastseen.shared.wire import from_server, to_frame

SOON = 60.0
"""Seconds within which anything must have happened, also on a busy machine. Nothing waits so long
unless it fails.
"""

FAST: dict[str, dict[str, Any]] = {
    "server": {
        "port": 0,
        "heartbeat_interval": 0.5,
        "connection_timeout": 2,
        "reap_interval": 0.2,
        "reconnect_grace": 1,
    },
    # A mass loss is a matter of other tests: here everyone may fall silent.
    "detector": {"mass_loss_ratio": 1.0},
    "limits": {"min_heartbeat_interval": 0.05},
    "log": {"format": "json"},
    # What outlives a server has tests of its own; without it a server starts in half the time.
    "store": {"url": "none"},
    "websocket": {"port": 0},
    "http": {"enabled": False, "port": 0},
}

SERVER = (sys.executable, "-m", "lastseen.server")
MANY_FILES = 8192
"""Open files that a test of thousands of connections needs on its own side."""

CLIENT = """
import sys, trio
from lastseen.client import connect
async def main():
    async with connect(sys.argv[1], client_id=sys.argv[2]) as presence:
        print(presence.session, flush=True)
        await trio.to_thread.run_sync(sys.stdin.read)  # until there is no more
trio.run(main)
"""


def until(condition: Callable[[], Any], what: str, within: float = SOON) -> Any:
    """Wait for something to be true, and give it back."""
    deadline = time.monotonic() + within
    while not (met := condition()):
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        time.sleep(0.01)
    return met


class Wire:
    """A blocking client of a few lines, that does nothing unasked: not even a ping."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(SOON)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", port))
        self._framer = Framer()
        self._arrived: list[Any] = []

    def say(self, *messages: Message) -> None:
        self.socket.sendall(b"".join(map(to_frame, messages)))

    def hear(self) -> Any:
        """The next message; None when the server has closed the link."""
        while not self._arrived:
            data = self.socket.recv(1 << 16)
            if not data:
                return None
            self._arrived += [from_server.decode(p) for p in self._framer.feed(data)]
        return self._arrived.pop(0)

    def hear_only(self, kind: type) -> Any:
        """The next message of a kind; others are passed over."""
        while not isinstance(message := self.hear(), kind):
            assert message is not None, f"the link ended before a {kind.__name__} came"
        return message

    def register(self, client_id: str, **fields: Any) -> Any:
        self.say(Register(client_id, **fields))
        return self.hear()

    def list_all(self, status: Any = "all") -> dict[str, Any]:
        """Every client, by its id."""
        found: dict[str, Any] = {}
        after = None
        while True:
            self.say(List(status=status, after=after, limit=1000))
            page = self.hear()
            found |= {record.client_id: record for record in page.clients}
            after = page.after
            if after is None:
                return found

    def close(self) -> None:
        self.socket.close()


class Process:
    """One that the test started, and ends by its id."""

    def __init__(self, *arguments: str, **options: Any) -> None:
        self.process = subprocess.Popen(arguments, **options)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, within: float = SOON) -> int:
        return self.process.wait(within)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()  # which ends a stopped one, too
            self.process.wait(SOON)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


class Server(Process):
    """A `lastseen-server` with a file of settings of its own.

    Attributes:
        port: Where it listens.
        websocket_port: Where it listens for WebSockets; 0 where it does not.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.config = folder / "config.toml"
        self.log_path = folder / "server.log"
        self.write(settings)
        with self.log_path.open("wb") as log:
            super().__init__(
                *SERVER,
                "--config",
                str(self.config),
                stderr=log,
                env={k: v for k, v in os.environ.items() if not k.startswith("LASTSEEN_")},
            )
        self.port = self.websocket_port = 0

    def write(self, settings: Mapping[str, Any]) -> None:
        self.config.write_text(tomli_w.dumps(settings))

    def ready(self) -> "Server":
        """Wait until it listens."""
        event = self.logged("listening")
        self.port = int(event["address"].rpartition(":")[2])
        _, _, websocket_port = event["websocket"].rpartition(":")
        self.websocket_port = 0 if websocket_port == "off" else int(websocket_port)
        return self

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def events(self, name: str | None = None, **fields: Any) -> list[dict[str, Any]]:
        """The events of its log so far, of a name and with these fields."""
        lines = self.log_path.read_text().split("\n")[:-1]  # what has no end is being written
        events = [json.loads(line) for line in lines]
        return [
            event
            for event in events
            if name in (None, event["event"]) and fields.items() <= event.items()
        ]

    def logged(self, name: str, within: float = SOON, **fields: Any) -> dict[str, Any]:
        """Wait for an event."""

        def look() -> list[dict[str, Any]]:
            events = self.events(name, **fields)
            assert events or self.process.poll() is None, "the server has ended"
            return events

        return until(look, f"{name} {fields} in the log", within)[0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """With a failure, the logs of the servers that the test started."""
    report = yield
    if report.failed:
        for number, path in enumerate(getattr(item, "server_logs", []), 1):
            with suppress(OSError):
                lines = path.read_text(errors="replace").splitlines()[-200:]
                report.sections.append((f"log of server {number}", "\n".join(lines)))
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("end_to_end")


@pytest.fixture
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server; `server={…}` and so on change the fast settings."""
    servers: list[Server] = []
    request.node.server_logs = []

    def start(*, ready: bool = True, **sections: Mapping[str, Any]) -> Server:
        settings = {s: FAST.get(s, {}) | sections.get(s, {}) for s in FAST | sections}
        folder = tmp_path / f"server-{len(servers) + 1}"
        folder.mkdir()
        server = Server(folder, settings)
        servers.append(server)
        request.node.server_logs.append(server.log_path)
        return server.ready() if ready else server

    yield start
    for server in servers:
        server.end()


@pytest.fixture
def server(start: Callable[..., Server]) -> Server:
    """A server with the fast settings."""
    return start()


@pytest.fixture
def wire() -> Iterator[Callable[..., Wire]]:
    """Connects wire clients to a server."""
    wires: list[Wire] = []

    def wire(server: Server, **options: Any) -> Wire:
        wires.append(Wire(server.port, **options))
        return wires[-1]

    yield wire
    for one in wires:
        one.close()


@pytest.fixture
def start_client() -> Iterator[Callable[[Server, str], Process]]:
    """Starts a client of the library in a process of its own, and waits until it is present."""
    clients: list[Process] = []

    def start_client(server: Server, client_id: str) -> Process:
        arguments = (sys.executable, "-c", CLIENT, server.address, client_id)
        client = Process(*arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        clients.append(client)
        assert client.process.stdout is not None
        assert client.process.stdout.readline(), "the client has ended"
        return client

    yield start_client
    for client in clients:
        client.end()


@pytest.fixture
def many_files() -> Iterator[None]:
    """Lets this process open as many files as a crowd of connections needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < MANY_FILES:
        pytest.skip(f"only {hard} open files are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, MANY_FILES), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
