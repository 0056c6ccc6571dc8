"""A database beside a real server: looked at from outside, filled up, stopped, locked."""

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from tests.server.store.conftest import postgres  # a server of the session's own

from lastseen.shared.messages import GetStats, Goodbye, Leave, Stats

__all__ = ["postgres"]

EVENTS = 'SELECT client_id, "before", "after", reason, epoch, number FROM events ORDER BY id'

NO_ROOT = "mounting a small disk needs root"


class Database:
    """What a server has written, as somebody else sees it."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def settings(self) -> dict[str, Any]:
        return {"url": self.url, "flush_interval": 1}

    @property
    def path(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.path, timeout=10)) as connection:
                return connection.execute(statement).fetchall()
        engine = create_engine(self.url)
        try:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.execute(text(statement))]
        finally:
            engine.dispose()

    def events(self) -> list[tuple[Any, ...]]:
        """Client, before, after, reason, epoch and number of each event, in order."""
        return self.query(EVENTS)

    def steps(self) -> list[tuple[str, str, str]]:
        """Client, after and reason of each event, in order."""
        return [(client_id, after, reason) for client_id, _, after, reason, *_ in self.events()]

    def check(self) -> None:
        """It is sound, and the numbers of each run are without gaps or repeats."""
        assert self.query("PRAGMA integrity_check") == [("ok",)]
        numbers: dict[str, list[int]] = {}
        for *_, epoch, number in self.events():
            numbers.setdefault(epoch, []).append(number)
        for found in numbers.values():
            assert found == list(range(1, len(found) + 1))


@pytest.fixture
def new_database() -> type[Database]:
    """A database by its URL."""
    return Database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """A file that a server may make."""
    return Database(f"sqlite:///{tmp_path}/test.db")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.fail(NO_ROOT) if os.environ.get("CI") == "true" else pytest.skip(NO_ROOT)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def fill_up() -> Callable[[Path], Path]:
    """Leaves no room on the disk of a folder; gives the file that takes it."""

    def fill_up(folder: Path) -> Path:
        filler = folder / "filler"
        with filler.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        return filler

    return fill_up


@pytest.fixture
def stats() -> Callable[[Any], Stats]:
    """Asks a wire for the server's stats."""

    def ask(wire: Any) -> Any:
        wire.say(GetStats())
        return wire.hear_only(Stats)

    return ask


class Comings:
    """Clients that come and leave by one link each, and what must be in the store of it."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._came = 0
        self.steps: list[tuple[str, str, str]] = []

    def come_and_leave(self, count: int) -> None:
        for _ in range(count):
            self._came += 1
            client_id = f"guest-{self._came}"
            wire = self._connect()
            wire.register(client_id)
            wire.say(Leave())
            wire.hear_only(Goodbye)
            wire.close()
            self.steps += [(client_id, "online", "registered"), (client_id, "offline", "left")]


@pytest.fixture
def comings(wire: Any) -> Callable[[Any], Comings]:
    """Guests of a server."""
    return lambda server: Comings(lambda: wire(server))
