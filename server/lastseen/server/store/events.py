"""Writing, reading and forgetting events: statements inside the caller's transaction."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, select

from lastseen.server.store.database import CHUNK, chunks
from lastseen.server.store.model import Event
from lastseen.server.store.sql import changed, insert_into
from lastseen.server.store.tables import CLIENTS, EVENTS

FIELDS = Event.__struct_fields__

_ALL = select(*(EVENTS.c[name] for name in FIELDS))


def append(connection: Connection, events: Sequence[Event]) -> None:
    """Add events to the end of history, in order; one that is there already (by epoch and number)
    is left out.
    """
    statement = _once(insert_into(connection, EVENTS))
    for chunk in chunks(events):
        connection.execute(statement, [row_of(event) for event in chunk])


@cache  # making it costs as much as running it
def _once(insert: Any) -> Any:  # noqa: ANN401  # as of `insert_into`
    return insert.on_conflict_do_nothing(index_elements=["epoch", "number"])


def row_of(event: Event) -> dict[str, Any]:
    """Its columns, without the id."""
    row = {name: getattr(event, name) for name in FIELDS if name != "id"}
    return row | {"number": event.number or None}


def history(
    connection: Connection, client_id: str, since: float | None, before_id: int | None, limit: int
) -> list[Event]:
    """A client's events, the newest first."""
    query = _of(client_id).order_by(EVENTS.c.id.desc()).limit(limit)
    if since is not None:
        query = query.where(EVENTS.c.at >= since)
    if before_id is not None:
        query = query.where(EVENTS.c.id < before_id)
    return _read(connection, query)


def since(connection: Connection, client_id: str, moment: float) -> Iterator[Event]:
    """A client's events from a moment on, the oldest first, however many they are."""
    return _scan(connection, _of(client_id).where(EVENTS.c.at >= moment))


def every(connection: Connection) -> Iterator[Event]:
    """The history of everyone, in order."""
    return _scan(connection, _ALL)


def with_ids(connection: Connection, ids: Sequence[int]) -> dict[int, Event]:
    """Those of at most CHUNK events that exist."""
    return {event.id: event for event in _read(connection, _ALL.where(EVENTS.c.id.in_(ids)))}


def last_of(connection: Connection, client_ids: Sequence[str]) -> dict[str, Event]:
    """The last event of each of these known clients that has one.

    One look into the index for each, however many events it has.
    """
    newest = select(func.max(EVENTS.c.id)).where(EVENTS.c.client_id == CLIENTS.c.client_id)
    newest_of_each = select(newest.correlate(CLIENTS).scalar_subquery())
    found: list[Event] = []
    for chunk in chunks(list(client_ids)):
        ids = newest_of_each.where(CLIENTS.c.client_id.in_(chunk))
        found += _read(connection, _ALL.where(EVENTS.c.id.in_(ids)))
    return {event.client_id: event for event in found}


def remove_of(connection: Connection, client_id: str, limit: int) -> int:
    """Forget up to `limit` events of a client."""
    ids = select(EVENTS.c.id).where(EVENTS.c.client_id == client_id).limit(limit)
    return changed(connection, delete(EVENTS).where(EVENTS.c.id.in_(ids)))


def remove_before(connection: Connection, moment: float, limit: int) -> int:
    """Forget up to `limit` events, the oldest first."""
    ids = select(EVENTS.c.id).where(EVENTS.c.at < moment).order_by(EVENTS.c.at).limit(limit)
    return changed(connection, delete(EVENTS).where(EVENTS.c.id.in_(ids)))


def _scan(connection: Connection, query: Select[Any]) -> Iterator[Event]:
    query = query.order_by(EVENTS.c.id).limit(CHUNK)
    events = _read(connection, query)
    while events:
        yield from events
        events = _read(connection, query.where(EVENTS.c.id > events[-1].id))


def _of(client_id: str) -> Select[Any]:
    return _ALL.where(EVENTS.c.client_id == client_id)


def _read(connection: Connection, query: Select[Any]) -> list[Event]:
    return [event_of(row) for row in connection.execute(query)]


def event_of(row: Row[Any]) -> Event:
    """The event of a row of FIELDS."""
    values: list[Any] = list(row)
    values[-1] = values[-1] or 0  # number
    return Event(*values)
