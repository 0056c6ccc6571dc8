"""A look at an SQLite file before anything may write to it."""

import sqlite3
from pathlib import Path

from lastseen.server.store.engines import connect
from lastseen.server.store.errors import StoreUnusable

_MAGIC = b"SQLite format 3\0"  # https://www.sqlite.org/fileformat.html#magic_header_string

CHECKED_BYTES = 256 * 1024 * 1024
"""The largest file that is read through at the start (about a second). In a larger one only the
beginning and the schema are looked at, and damage shows when it is met."""

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def check_file(path: Path) -> None:
    """Refuse what is no sound SQLite database. One that is empty, or does not exist yet, is fine.

    Raises:
        StoreUnusable: The file was not touched.
    """
    try:
        if path.stat().st_size == 0:
            return
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except FileNotFoundError:
        _check_folder(path.parent)
        return
    except OSError as error:
        raise StoreUnusable(f"it cannot be read: {error.strerror}") from error
    if magic != _MAGIC:
        raise StoreUnusable("it is not an SQLite database, and was left as it is")
    _check_pages(path)


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise StoreUnusable(f"there is no folder {folder}: make it first")


def _check_pages(path: Path) -> None:
    try:
        _look_through(path)
    except sqlite3.Error as error:
        # What is merely locked or not ours to read is found, and told, by who opens it next.
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
            raise _damaged(str(error)) from error


def _look_through(path: Path) -> None:
    whole = path.stat().st_size <= CHECKED_BYTES
    connection = connect(path, "ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if whole else "ok"
    finally:
        connection.close()
    if verdict != "ok":
        raise _damaged(" ".join(str(verdict).split()))


def _damaged(what: str) -> StoreUnusable:
    return StoreUnusable(
        f"it is damaged ({what}), and was left as it is: restore a backup, or move it away to "
        "start with an empty one"
    )
