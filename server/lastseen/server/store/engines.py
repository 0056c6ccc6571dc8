"""From a `[store] url` to connections that behave: what is durable, and how long anything waits."""

import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from lastseen.server.store.errors import StoreUnusable

BUSY_TIMEOUT = 5.0
"""Seconds that SQLite waits for another writer: our own transactions take milliseconds."""

CONNECT_TIMEOUT = 5
"""Seconds to reach PostgreSQL: whoever waits is a thread, of which there are few."""

STATEMENT_TIMEOUT = 10
"""Seconds for one statement in PostgreSQL: ours touch at most 5,000 rows."""

# A dead link is noticed within 15 s where the system's own patience would be hours (seconds, ms).
KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
}

POOL = {"pool_size": 4, "max_overflow": 4, "pool_timeout": 5.0}
"""Two writers and some readers; who finds no connection in 5 s is told to try again."""

EXPECTED = (
    "expected sqlite:///FILE, postgresql+psycopg://USER:PASSWORD@HOST/DATABASE, or none for a "
    "server that remembers nothing"
)


def parse_url(url: str, folder: Path) -> URL:
    """The URL with its file, if it names one, made absolute from `folder`.

    Raises:
        StoreUnusable: It is no URL of a database that we know.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreUnusable(f"store.url: {EXPECTED}") from None  # it may hold a password
    match parsed.drivername:
        case "sqlite" | "sqlite+pysqlite" if parsed.database not in (None, "", ":memory:"):
            return parsed.set(drivername="sqlite", database=str(folder / str(parsed.database)))
        case "postgresql" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
    raise StoreUnusable(f"store.url is {parsed.render_as_string()!r}: {EXPECTED}")


def make_engine(url: URL) -> Engine:
    """Connections to what `parse_url` returned; none is opened yet.

    Raises:
        StoreUnusable: The driver is not installed.
    """
    return _sqlite(Path(str(url.database))) if url.drivername == "sqlite" else _postgresql(url)


def _postgresql(url: URL) -> Engine:
    wished = url.query.get("options", "")
    options = f"{wished} -c statement_timeout={STATEMENT_TIMEOUT}s"
    arguments = {"connect_timeout": CONNECT_TIMEOUT, **KEEPALIVE, "options": options.strip()}
    for key in url.query.keys() & arguments.keys() - {"options"}:
        del arguments[key]  # who says otherwise knows why
    try:
        return create_engine(url, connect_args=arguments, pool_pre_ping=True, **POOL)
    except ImportError:  # not there, or without the C library that the extra brings along
        raise StoreUnusable(
            "PostgreSQL needs a driver that is not installed: pip install 'lastseen[postgres]' "
            "(in a clone: pip install '.[postgres]')"
        ) from None


def _sqlite(path: Path) -> Engine:
    """An engine whose connections never create the file: one that vanished is missed, not made
    anew without its tables.
    """
    engine = create_engine("sqlite://", creator=lambda: connect(path), poolclass=QueuePool, **POOL)
    event.listen(engine, "begin", _begin)
    _hold_to_file(engine, path)
    return engine


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """A connection that leaves transactions to us.

    synchronous=FULL: a transaction is on the disk before it counts as done. NORMAL would do for a
    killed process (what it wrote is with the kernel), but a power cut would take back transitions
    that were notified. It costs one fsync for each batch, in a thread where nobody waits for it.
    """
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,  # the pool hands it from thread to thread, never to two at once
    )
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _begin(connection: Connection) -> None:
    # A writer takes its place at once: one that reads first and then writes could be refused
    # without any waiting, however long the timeout.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _hold_to_file(engine: Engine, path: Path) -> None:
    """Drop connections to a file that is no longer the one at `path`: it was deleted, moved or
    replaced, and what they write would be lost without a word.
    """

    @event.listens_for(engine, "connect")
    def remember(_: Any, entry: ConnectionPoolEntry) -> None:  # noqa: ANN401  # SQLAlchemy's type
        entry.info["file"] = _identity(path)

    @event.listens_for(engine, "checkout")
    def compare(_: Any, entry: ConnectionPoolEntry, __: Any) -> None:  # noqa: ANN401  # the same
        if entry.info["file"] != _identity(path):
            raise DisconnectionError(f"{path} is not the file that was opened")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116  # at every transaction: half the time of Path.stat
    except OSError:
        return None
    return status.st_dev, status.st_ino
