"""Rows of an export into a store, so that doing it twice changes nothing: statements inside the
caller's transaction.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, text

from lastseen.server.store import clients as clients_
from lastseen.server.store import events as events_
from lastseen.server.store import restoring_telling
from lastseen.server.store import runs as runs_
from lastseen.server.store.columns import MICROSECONDS, storable
from lastseen.server.store.errors import TransferFailed
from lastseen.server.store.lines import ClientLine, EventLine, Row, RunLine, SettingLine, TellingRow
from lastseen.server.store.model import Event
from lastseen.server.store.sql import insert_into
from lastseen.server.store.tables import CLIENTS, EVENTS, RUNS, SETTINGS


def restore(connection: Connection, rows: Sequence[Row]) -> None:
    """Add some rows, of any kinds.

    Raises:
        TransferFailed: The store has a history of its own.
    """
    _clients(connection, [row for row in rows if isinstance(row, ClientLine)])
    _events(connection, [row for row in rows if isinstance(row, EventLine)])
    _runs(connection, [row for row in rows if isinstance(row, RunLine)])
    _settings(connection, [row for row in rows if isinstance(row, SettingLine)])
    restoring_telling.restore(connection, [row for row in rows if isinstance(row, TellingRow)])


def go_on_counting(connection: Connection) -> None:
    """Have the next of each kind come after all that were restored with their ids."""
    if connection.dialect.name == "postgresql":  # SQLite does so by itself
        for table in ("events", "deliveries", "silences"):
            sequence = f"pg_get_serial_sequence('{table}', 'id')"
            connection.execute(text(f"SELECT setval({sequence}, max(id)) FROM {table}"))  # noqa: S608  # constants


def _clients(connection: Connection, lines: Sequence[ClientLine]) -> None:
    """Of a client that is known already, what was written last counts."""
    if not lines:
        return
    statement = insert_into(connection, CLIENTS)
    fields = (*clients_.FIELDS, "offline_since")
    statement = statement.on_conflict_do_update(
        index_elements=["client_id"],
        set_={name: statement.excluded[name] for name in fields if name != "client_id"},
        where=statement.excluded.last_seen > CLIENTS.c.last_seen,
    )
    awake = runs_.awake(connection)
    rows = [_values(line, fields) for line in lines]
    for row in rows:
        if row["timeout"] is not None:
            row["heard_awake"] += awake
    connection.execute(statement, rows)


def _events(connection: Connection, lines: Sequence[EventLine]) -> None:
    """Events keep their ids, which are their order. The same event may be there already; another
    one of the same id means that the two histories cannot be told as one.
    """
    if not lines:
        return
    found = events_.with_ids(connection, [line.id for line in lines])
    new = []
    for line in lines:
        if line.id not in found:
            found[line.id] = _kept(line)
            new.append(events_.row_of(line) | {"id": line.id})
        elif found[line.id] != _kept(line):
            raise TransferFailed(
                f"event {line.id} of the file is not event {line.id} of the store: a history can "
                "be imported into an empty store, or into the one that it came from"
            )
    if new:
        connection.execute(insert_into(connection, EVENTS).on_conflict_do_nothing(), new)


def _runs(connection: Connection, lines: Sequence[RunLine]) -> None:
    epochs = {line.epoch for line in lines}
    query = select(RUNS.c.epoch, RUNS.c.started_at).where(RUNS.c.epoch.in_(epochs))
    known = {tuple(row) for row in connection.execute(query)}
    # The awake time of this store goes on, whatever that of the other one was.
    here = {"awake": runs_.awake(connection)}
    new = [_values(line, ("epoch", "started_at", "heartbeat_at", "clean")) | here for line in lines]
    new = [row for row in new if (storable(row["epoch"]), _exact(row["started_at"])) not in known]
    if new:
        connection.execute(insert(RUNS), new)


def _settings(connection: Connection, lines: Sequence[SettingLine]) -> None:
    """What was set in this store stays."""
    if lines:
        statement = insert_into(connection, SETTINGS).on_conflict_do_nothing()
        connection.execute(statement, [{"key": line.key, "value": line.value} for line in lines])


def _values(line: Row, fields: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(line, name) for name in fields}


def _kept(line: EventLine) -> Event:
    """The event as the store would give it back."""
    values = _values(line, events_.FIELDS)
    for name, value in values.items():
        if isinstance(value, str):
            values[name] = storable(value)
        elif isinstance(value, float):
            values[name] = _exact(value)
    return Event(**values)


def _exact(seconds: float) -> float:
    return round(seconds * MICROSECONDS) / MICROSECONDS
