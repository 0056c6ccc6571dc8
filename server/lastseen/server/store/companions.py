"""The `-wal` of an SQLite file: whether it belongs to the file that lies beside it.

`FILE-wal` holds transactions that are not in FILE yet. SQLite cannot know for which FILE they were
written: beside a restored backup it would mix the pages of two states
(https://www.sqlite.org/howtocorrupt.html, section 4.4). So each server gives its file a new number
before it writes, in the header field `user_version`, and notes that number in `FILE-lock`. A file
with another number is another file. A backup has the number 0, which no server gives.
"""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

from lastseen.server.store.engines import connect
from lastseen.server.store.errors import StoreUnavailable, StoreUnusable

_WAL_HEADER = 32
"""Bytes before the first transaction: https://www.sqlite.org/fileformat.html#the_write_ahead_log"""

_STAMP_AT = 60
"""Where `user_version` is: https://www.sqlite.org/fileformat.html#the_database_header"""

_LARGEST_STAMP = 2**31 - 1


def companion_of(file: Path, suffix: str) -> Path:
    """The file beside an SQLite file, or beside the one that a link leads to, as SQLite has it."""
    real = file.resolve()
    return real.with_name(real.name + suffix)


def stamp_of(file: Path) -> int | None:
    """The number in the header of an SQLite file; None where there is no header.

    Call it only while this process has no connection to the file: closing a file drops the locks
    that SQLite has on it for the whole process.
    """
    try:
        with file.open("rb") as opened:
            header = opened.read(_STAMP_AT + 4)
    except OSError:
        return None
    return int.from_bytes(header[_STAMP_AT:], "big") if len(header) == _STAMP_AT + 4 else None


def check_wal(file: Path, noted: list[int]) -> None:
    """Refuse a `-wal` with changes that belong to another file than the one beside it.

    Args:
        file: The SQLite file, which may be missing.
        noted: The numbers that the last server noted for its file; none: it noted nothing.

    Raises:
        StoreUnusable: Nothing was changed.
    """
    wal = companion_of(file, "-wal")
    if not wal.exists() or wal.stat().st_size <= _WAL_HEADER:
        return
    stamp = stamp_of(file)
    if stamp is None:  # SQLite would delete the -wal
        raise StoreUnusable(
            f"the file is missing, but {wal.name} holds changes that belong to it: put the file "
            f"back beside {wal.name}, or move {wal.name} away to start with an empty store"
        )
    if noted and stamp not in noted:
        raise StoreUnusable(
            f"the file was replaced, but {wal.name} holds changes of the file before: move "
            f"{wal.name} away to use the file as it is now, or put the file before back"
        )


def new_stamp() -> int:
    """A number that no other file is likely to have."""
    return random.randint(1, _LARGEST_STAMP)


def write_stamp(file: Path, stamp: int) -> None:
    """Put a number into the header of the file itself, together with all that is in its `-wal`.

    Raises:
        StoreUnavailable: Try again later.
    """
    try:
        with closing(connect(file)) as connection:
            connection.execute(f"PRAGMA user_version={stamp:d}")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        raise StoreUnavailable(str(error)) from error
