"""Opening the store: look first, refuse with one sentence, then bring the schema up to date.

Only who has claimed the store may do the last: a server that is running would find other tables
than its own. Who only reads leaves everything as it is.
"""

import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from sqlalchemy import URL, text

from lastseen.server.store import vacuum
from lastseen.server.store.claim import FileClaim, GiveUp, claim_database
from lastseen.server.store.companions import check_wal, new_stamp, stamp_of, write_stamp
from lastseen.server.store.database import Database
from lastseen.server.store.engines import connect, make_engine, parse_url
from lastseen.server.store.errors import StoreUnavailable, StoreUnusable
from lastseen.server.store.schema import SCHEMA_VERSION, check_ours, check_same, upgrade, version_of
from lastseen.server.store.sqlite_file import check_file
from lastseen.server.store.store import Store

PATIENCE = 30.0
"""Seconds to wait for another process that makes or migrates the same SQLite file."""

PAUSE = 0.05
"""Seconds between two attempts."""


class Migrated(Struct, frozen=True):
    """What `migrate` found and left; `before` is None where there was no schema."""

    before: str | None
    after: str


def open_store(url: str, folder: Path | None = None, *, alone: bool = False) -> Store:
    """The store at `url`, its schema up to date.

    Any number of processes may do so at once; of those that want it `alone`, one. Others do only
    where no server of another version can be at work.

    Args:
        url: `sqlite:///FILE` or `postgresql+psycopg://…`.
        folder: What a relative FILE is relative to; None: the working directory.
        alone: Claim it (`claim`), until the store is closed or the process ends.

    Raises:
        StoreUnusable: The file is damaged or no database, a newer lastseen wrote it, the database
            cannot be reached, or another has claimed it. Nothing was changed.
    """
    opened = _open(url, folder, alone=alone)
    return Store(opened.database, opened.give_up)


def read_store(url: str, folder: Path | None = None, *, any_version: bool = False) -> Store:
    """The store at `url` as it is, for who only reads, also while a server writes.

    Args:
        url: As of `open_store`.
        folder: As of `open_store`.
        any_version: Its tables may be those of another version: to be copied, not to be read.

    Raises:
        StoreUnusable: As of `open_store`; or it has no tables, or older ones. Nothing was changed.
    """
    parsed = parse_url(url, (folder or Path()).absolute())
    with _named(parsed), ExitStack() as undoing:
        database = _reach(parsed, undoing)
        with database.reading() as connection:
            (check_ours if any_version else check_same)(connection)
        undoing.pop_all()
        return Store(database)


def migrate(url: str, folder: Path | None = None) -> Migrated:
    """What `open_store` does to the schema, by itself, while nobody serves from it.

    Raises:
        StoreUnusable: As there.
    """
    opened = _open(url, folder, alone=True, largest=math.inf)
    opened.database.close()
    opened.give_up()
    return Migrated(opened.before, SCHEMA_VERSION)


def has_store(url: str, folder: Path | None = None) -> bool:
    """Whether there is a store at `url`, of whatever version.

    Raises:
        StoreUnusable: The database cannot be read or reached. Nothing was changed.
    """
    parsed = parse_url(url, (folder or Path()).absolute())
    if parsed.drivername == "sqlite" and not Path(str(parsed.database)).exists():
        return False
    with _named(parsed), ExitStack() as undoing:
        database = _reach(parsed, undoing)
        connection = undoing.enter_context(database.reading())
        return version_of(connection) is not None


def shown_url(url: str, folder: Path | None = None) -> str:
    """The URL of a store as people may see it: its file absolute, its password hidden.

    Raises:
        StoreUnusable: It is no URL of a database that we know.
    """
    return parse_url(url, (folder or Path()).absolute()).render_as_string(hide_password=True)


class _Opened(NamedTuple):
    database: Database
    before: str | None  # the version of the schema that was found
    give_up: GiveUp


def _open(
    url: str, folder: Path | None, *, alone: bool, largest: float = vacuum.LARGEST_AT_START
) -> _Opened:
    parsed = parse_url(url, (folder or Path()).absolute())
    with _named(parsed), ExitStack() as undoing:
        database = _reach(parsed, undoing)
        if not alone:
            give_up, claim = _nothing, None
        elif database.dialect == "sqlite":
            claim = FileClaim(Path(str(parsed.database)))
            give_up = claim.give_up
        else:
            give_up, claim = claim_database(database), None
        undoing.callback(give_up)
        if claim is None:
            before = _prepare(database, parsed)
        else:
            before = _prepare_claimed(database, parsed, claim, largest)
        undoing.pop_all()
        return _Opened(database, before, give_up)


def _reach(url: URL, undoing: ExitStack) -> Database:
    """The database, which `undoing` closes; nothing is known of it but that a file is sound."""
    if url.drivername == "sqlite":
        check_file(Path(str(url.database)))
    database = Database(make_engine(url))
    undoing.callback(database.close)
    return database


def _nothing() -> None:
    """There is no claim to give up."""


@contextmanager
def _named(url: URL) -> Iterator[None]:
    """Say in every refusal which database it is about; never its password."""
    where = url.database if url.drivername == "sqlite" else url.render_as_string()
    try:
        yield
    except StoreUnusable as error:
        raise StoreUnusable(f"the store {where} cannot be used: {error}") from error
    except StoreUnavailable as error:
        raise StoreUnusable(f"the store {where} cannot be opened: {error.reason}") from error


def _prepare_claimed(database: Database, url: URL, claim: FileClaim, largest: float) -> str | None:
    """Prepare an SQLite file that is ours alone, and give it a number of its own (`companions`)."""
    file = Path(str(url.database))
    check_wal(file, claim.noted)
    before, stamp = stamp_of(file), new_stamp()
    # Between the two notes the file may have either number, also after a power cut.
    claim.note([stamp] if before is None else [before, stamp])
    version = _prepare(database, url)
    with suppress(StoreUnavailable):  # no room to write it anew, say: it just does not shrink
        vacuum.enable(file, largest)
    write_stamp(file, stamp)
    claim.note([stamp])
    return version


def _prepare(database: Database, url: URL) -> str | None:
    if database.dialect == "postgresql":
        _check_encoding(database)
        return _ensure_schema(database)
    path = Path(str(url.database))
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return _prepare_file(database, path)
        except StoreUnavailable as error:
            if "locked" not in error.reason or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE)


def _prepare_file(database: Database, path: Path) -> str | None:
    if not path.exists():
        _make(path)
    before = _ensure_schema(database)
    _write_ahead(path)
    return before


def _make(path: Path) -> None:
    try:
        connect(path, "rwc").close()
    except sqlite3.OperationalError as error:  # the folder is not ours to write to, say
        raise StoreUnavailable(str(error)) from error


def _ensure_schema(database: Database) -> str | None:
    with database.reading() as connection:
        before = version_of(connection)
    if before == SCHEMA_VERSION:
        return before
    with database.writing() as connection:
        return upgrade(connection)


def _write_ahead(path: Path) -> None:
    """Have SQLite write ahead: readers and the writer never wait for each other. The file remembers
    it. Only now, when the file is known to be ours: it changes the file's first page.
    """
    connection = connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        raise StoreUnavailable(str(error)) from error
    finally:
        connection.close()


def _check_encoding(database: Database) -> None:
    with database.reading() as connection:
        encoding = connection.execute(text("SHOW server_encoding")).scalar()
    if encoding != "UTF8":
        raise StoreUnusable(
            f"its encoding is {encoding}, and names may hold any character: make it anew with "
            "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )
