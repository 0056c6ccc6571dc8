"""Taking everything out of a store, into another one, or into a copy of the file."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from msgspec import structs
from sqlalchemy import Connection

from lastseen.server.store import (
    events,
    finding,
    ledger,
    restoring,
    runs,
    settings,
    silences,
    standings,
)
from lastseen.server.store.database import CHUNK
from lastseen.server.store.engines import connect
from lastseen.server.store.errors import TransferFailed
from lastseen.server.store.lines import (
    FORMAT,
    BrokenLine,
    ClientLine,
    DeliveryLine,
    EndLine,
    EventLine,
    HeaderLine,
    Row,
    RunLine,
    SettingLine,
    SilenceLine,
    StandingLine,
    encode,
    rows,
)
from lastseen.server.store.store import Store


def export(store: Store, file: BinaryIO) -> int:
    """Write everything to a file, as of one moment; returns the number of rows.

    Raises:
        StoreUnavailable: Try again later.
        OSError: From the file.
    """
    count = 0
    file.write(encode(HeaderLine(FORMAT)))
    with store.database.snapshot() as connection:
        for row in _everything(connection):
            file.write(encode(row))
            count += 1
    file.write(encode(EndLine(count)))
    return count


def import_(store: Store, file: BinaryIO) -> int:
    """Add all that `export` wrote, in one transaction; returns the number of rows. Doing it twice
    changes nothing. Of a client known to both, what was seen last counts.

    Raises:
        TransferFailed: The file is no whole export, or the store has a history of its own. The
            store was left as it was.
        StoreUnavailable: Try again later.
        OSError: From the file.
    """
    count = 0
    with store.database.writing() as connection:
        for chunk in _chunks(rows(file)):
            restoring.restore(connection, chunk)
            count += len(chunk)
        restoring.go_on_counting(connection)
    return count


def backup(store: Store, path: Path) -> None:
    """Copy the SQLite file, as of one moment, while it is in use.

    Raises:
        TransferFailed: There is something at `path` already, it cannot be written, or the store is
            not a file.
        StoreUnavailable: Try again later.
    """
    if store.database.dialect != "sqlite":
        raise TransferFailed(
            "a backup is a copy of an SQLite file; for PostgreSQL use its own: "
            "pg_dump --format=custom --file=FILE DATABASE"
        )
    if path.exists():
        raise TransferFailed(f"{path}: exists already, and was left as it is")
    part = path.with_name(f"{path.name}.part")  # what has the right name is whole
    try:
        part.unlink(missing_ok=True)
        _copy(store, part)
        part.replace(path)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise TransferFailed(f"{path}: cannot be written: {error}") from error


def _copy(store: Store, path: Path) -> None:
    with store.database.reading() as connection, closing(connect(path, "rwc")) as target:
        source = connection.connection.driver_connection
        if not isinstance(source, sqlite3.Connection):
            raise TypeError(f"expected an SQLite connection, got {source!r}")
        source.backup(target)  # in one step: in several, each write meanwhile would start it anew
        target.execute("VACUUM")  # the copy has the free pages of the original, too
        target.execute("PRAGMA user_version=0")  # another file than the original: `companions`
        target.execute("PRAGMA journal_mode=DELETE")  # the copy is one file, and stays one


def _everything(connection: Connection) -> Iterator[Row]:
    awake = runs.awake(connection)
    for client, offline_since in finding.every(connection):
        values = structs.asdict(client)
        if client.timeout is not None:
            values["heard_awake"] -= awake
        yield ClientLine(**values, offline_since=offline_since)
    for event in events.every(connection):
        yield EventLine(**structs.asdict(event))
    for run in runs.every(connection):
        yield RunLine(run.epoch, run.started_at, run.heartbeat_at, run.clean)
    for key, value in settings.read(connection).items():
        yield SettingLine(key, value)
    yield from _told(connection)


def _told(connection: Connection) -> Iterator[Row]:
    for delivery in ledger.every(connection):
        yield DeliveryLine(**structs.asdict(delivery))
    for standing in standings.every(connection):
        yield StandingLine(**structs.asdict(standing))
    for silence in silences.every(connection):
        yield SilenceLine(**structs.asdict(silence))
    for channel in silences.broken(connection):
        yield BrokenLine(**structs.asdict(channel))


def _chunks(found: Iterable[Row]) -> Iterator[list[Row]]:
    found = iter(found)
    while chunk := list(islice(found, CHUNK)):
        yield chunk
