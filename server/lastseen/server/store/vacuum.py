"""Free pages of an SQLite file: given back to the file system in small steps.

SQLite keeps the pages of deleted rows for later rows, so a file never shrinks by itself. With
`auto_vacuum=INCREMENTAL` it can move pages from the end of the file into free ones and cut the end
off, as many at a time as it is asked for (https://www.sqlite.org/pragma.html#pragma_auto_vacuum).
A file without that setting gets it by one VACUUM, which writes the file anew.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from lastseen.server.store.database import Database, translated
from lastseen.server.store.engines import connect
from lastseen.server.store.errors import StoreUnavailable

LARGEST_AT_START = 1_000_000_000
"""Bytes of a file that a start writes anew: some 10 s. `lastseen-server migrate` knows no bound."""

PAGES = 250
"""Pages given back in one step: 1 MB. A step takes 4 ms (5 at most; 67 MB were
given back in 65 steps), in a transaction of its own."""

SPARE = 1_000
"""Free pages that stay: 4 MB for the next rows, so that the file does not shrink and grow."""

_INCREMENTAL = 2


def enable(file: Path, largest: float = LARGEST_AT_START) -> None:
    """Let a file shrink from now on. Nothing else may use it meanwhile.

    A file of more than `largest` bytes that cannot shrink yet is left as it is.

    Raises:
        StoreUnavailable: Try again later. The file was left as it was.
    """
    with closing(connect(file)) as connection:
        try:
            (mode,) = connection.execute("PRAGMA auto_vacuum").fetchone()
            if mode == _INCREMENTAL or file.stat().st_size > largest:
                return
            connection.execute(f"PRAGMA auto_vacuum={_INCREMENTAL}")
            connection.execute("VACUUM")
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(str(error)) from error


def give_back(database: Database, pages: int = PAGES) -> bool:
    """Give some free pages back to the file system; returns whether there are more to give back.

    Raises:
        StoreUnavailable: Try again later.
    """
    with translated(), closing(database.engine.raw_connection()) as pooled:
        connection = pooled.driver_connection
        if not isinstance(connection, sqlite3.Connection):
            raise TypeError(f"expected an SQLite connection, got {connection!r}")
        free = _free_pages(connection)
        excess = free - SPARE
        if excess <= 0:  # and 0 pages would mean all of them
            return False
        try:
            # One step of the statement gives one page back. `execute` makes one step, because the
            # statement returns no rows; `executescript` steps to the end, in a transaction.
            connection.executescript(f"PRAGMA incremental_vacuum({min(pages, excess):d})")
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(str(error)) from error
        return SPARE < _free_pages(connection) < free


def _free_pages(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA freelist_count").fetchone()[0])
