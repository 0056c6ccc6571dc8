"""The fake server on a real port of loopback, for commands that take an address."""

import os
import subprocess
import sys
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
    for name in ("LASTSEEN_SERVER", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


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
def command() -> Any:
    """Starts `lastseen` as a process."""

    def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        environment = os.environ | {"TERM": "xterm-256color"}
        return subprocess.Popen(
            [sys.executable, "-m", "lastseen.client", *arguments], env=environment, **options
        )

    return start
