"""The fake server on a real port of loopback, for commands that take an address."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import trio

NOW = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def before() -> Any:
    """The moment so many seconds before `now`."""
    return lambda seconds: NOW - timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LASTSEEN_SERVER", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def live_in() -> Iterator[Callable[[str], None]]:
    """Has this process live in a time zone: `live_in("America/New_York")`."""
    with pytest.MonkeyPatch.context() as patch:

        def live_in(zone: str) -> None:
            patch.setenv("TZ", zone)
            time.tzset()

        yield live_in
    time.tzset()


@pytest.fixture
def in_utc(live_in: Callable[[str], None]) -> None:
    live_in("UTC")


@pytest.fixture
async def address(quiet_server: Any, nursery: trio.Nursery) -> str:
    """Where `quiet_server` listens; every connection is answered."""
    connection_type = sys.modules[type(quiet_server).__module__].Connection

    async def attend(stream: trio.SocketStream) -> None:
        connection = connection_type(stream)
        quiet_server.connections.append(connection)
        await quiet_server.attend(connection)

    listeners = await nursery.start(partial(trio.serve_tcp, attend, 0, host="127.0.0.1"))
    return f"127.0.0.1:{listeners[0].socket.getsockname()[1]}"


@pytest.fixture
def nowhere() -> Any:
    """An address at which nobody listens, and nobody else can begin to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def command() -> Any:
    """Starts `lastseen` as a process."""

    def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        environment = os.environ | {"TERM": "xterm-256color"}
        return subprocess.Popen(
            [sys.executable, "-m", "lastseen.client", *arguments], env=environment, **options
        )

    return start


class Output:
    """What has been printed so far, for a test to wait for.

    Attributes:
        text: All of standard output.
    """

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.text = ""
        self._capsys = capsys

    @property
    def lines(self) -> list[str]:
        self.text += self._capsys.readouterr().out
        return self.text.splitlines()

    async def until(self, words: str, times: int = 1) -> None:
        """Wait until so many lines with these words have been printed."""
        with trio.fail_after(60):
            while sum(words in line for line in self.lines) < times:  # noqa: ASYNC110 (a print sets no event)
                await trio.sleep(0.005)


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Output:
    return Output(capsys)


@pytest.fixture
def running(nursery: trio.Nursery) -> Any:
    """Starts a command in this process; its exit code can be awaited."""

    def start(command: Any, **arguments: Any) -> Any:
        send, receive = trio.open_memory_channel[Any](1)

        async def run() -> None:
            await send.send(await command(**arguments))

        nursery.start_soon(run)
        return receive.receive

    return start


@pytest.fixture
def press_ctrl_c() -> Any:
    return lambda: os.kill(os.getpid(), signal.SIGINT)
