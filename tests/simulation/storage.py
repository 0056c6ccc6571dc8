"""The store, real but for its disk: SQLite in memory, which outlives the runs of the server as a
file would; and what may be wrong with it.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import trio
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import StaticPool

from lastseen.server.store.database import Database
from lastseen.server.store.engines import _begin
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.schema import upgrade
from lastseen.server.store.store import Store


class Disk:
    """What outlives the server, and what is wrong with it just now.

    Attributes:
        full: Nothing can be written.
        gone: Nothing can be read either.
        forgetful: Of these writes the answer is lost though they were done: every so many; 0: none.
        takes: Seconds that a call takes.
        kept: What is on it, whatever is wrong with it.
    """

    def __init__(self) -> None:
        self.full = self.gone = False
        self.forgetful = 0
        self.takes = 0.0
        self._writes = 0
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
        event.listen(self._engine, "begin", _begin)
        self.kept = Database(self._engine)
        with self.kept.writing() as writing:
            upgrade(writing)
        self.store = Store(Faulty(self))

    @property
    def well(self) -> bool:
        return not (self.full or self.gone or self.forgetful or self.takes)

    def loses_answer(self) -> bool:
        self._writes += 1
        return bool(self.forgetful) and self._writes % self.forgetful == 0


class Faulty(Database):
    """Transactions that may fail."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk._engine)
        self._disk = disk

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        if self._disk.gone:
            raise StoreUnavailable("the database is gone")
        with super().reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        if self._disk.gone or self._disk.full:
            raise StoreUnavailable("the disk is full")
        with super().writing() as connection:
            yield connection
        if self._disk.loses_answer():
            raise StoreUnavailable("the connection broke before the answer came")


class Hands:
    """Calls the store in place of worker threads, which simulated time would run past. Those of a
    process that was killed do nothing any more.
    """

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._alive = True

    def die(self) -> None:
        self._alive = False

    async def call(self, call: Callable[..., Any], *what: Any) -> Any:
        if self._disk.takes:
            await trio.sleep(self._disk.takes)
        else:
            await trio.lowlevel.checkpoint()
        if not self._alive:
            await trio.sleep_forever()
        return call(*what)
