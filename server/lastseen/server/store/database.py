"""Transactions, and which errors mean "try again later"."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from lastseen.server.store.errors import StoreUnavailable

CHUNK = 1_000
"""Rows in one statement at most. Drivers hold the interpreter while they convert them: of 100,000
in one call the event loop feels 84 ms, in calls of 1,000 no more than 7 (measured)."""

# https://www.postgresql.org/docs/current/errcodes-appendix.html: read-only since a failover, in
# recovery, or an operation that clashed with another; most others come as OperationalError.
_PASSING_SQLSTATES = {"25006", "40001", "40P01", "53100", "53200", "53300", "55P03", "57014"}

_PASSING_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_PERM,
    # Damaged, perhaps for good: the server goes on, and says so until somebody restores a backup.
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
}

T = TypeVar("T")


class Database:
    """One database, from any number of threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(writes=True)  # of the same pool

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that changes nothing.

        Raises:
            StoreUnavailable: Try again later.
        """
        with translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A transaction that reads the store as it was at its first statement, however long.

        Raises:
            StoreUnavailable: Try again later.
        """
        engine = self.engine
        if self.dialect == "postgresql":  # in SQLite every transaction is one
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with translated(), engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it once the block is left, or nothing.

        Raises:
            StoreUnavailable: Try again later.
        """
        with translated(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection that is not in use."""
        self.engine.dispose()


@contextmanager
def translated() -> Iterator[None]:
    """Turn the errors that pass into StoreUnavailable; bugs stay what they are."""
    try:
        yield
    except PoolExhausted as error:
        raise StoreUnavailable("every connection is taken by something slow") from error
    except DBAPIError as error:
        if not _passes(error):
            raise
        raise StoreUnavailable(" ".join(str(error.orig).split())) from error


def chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """The rows in order, at most CHUNK at a time."""
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _passes(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        return (code & 0xFF) in _PASSING_SQLITE  # the low byte is the primary code
    return (
        error.connection_invalidated
        or isinstance(error, OperationalError | InterfaceError)
        or getattr(error.orig, "sqlstate", None) in _PASSING_SQLSTATES
    )
