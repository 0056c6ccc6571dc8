"""Deliveries that are to be sent: written, found when due, settled. Statements inside the caller's
transaction.

Those of one channel and one client are sent in the order of their ids: they stand in line, and only
the foremost of a line is ever due (`tables` has the reason for the column of that name). Whoever
changes who is pending calls `hold_order` first and `advance` afterwards.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    select,
    text,
    update,
)

from lastseen.server.store.database import chunks
from lastseen.server.store.sql import insert_into
from lastseen.server.store.tables import DELIVERIES, EVENTS
from lastseen.server.store.telling import Attempt, Delivery

FIELDS = Delivery.__struct_fields__

ALL = select(*(DELIVERIES.c[name] for name in FIELDS))

LOCK = 0x74656C6C_696E6700
"""A number for PostgreSQL's advisory lock: `telling` in ASCII."""

Line = tuple[str, str]
"""A channel and a client_id."""

_ROW = DELIVERIES.c
_EARLIER = DELIVERIES.alias("earlier")

# States, and "no message", are written into the statements: a partial index serves only who is seen
# to ask for no more than it holds, and a parameter could be anything.
IS_PENDING = _ROW.state == literal_column("'pending'")
_IS_UNCLAIMED = and_(IS_PENDING, _ROW.message == literal_column("''"))
_IS_FOREMOST = and_(_IS_UNCLAIMED, text("foremost"))
_IS_EARLIER_PENDING = _EARLIER.c.state == literal_column("'pending'")


def hold_order(connection: Connection) -> None:
    """Wait for others who change deliveries, and have them wait for this transaction: two who saw
    the same line could each leave it without a foremost.
    """
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))


# --- writing -------------------------------------------------------------------------------------

_EVENT_ID = (
    select(EVENTS.c.id)
    .where(EVENTS.c.epoch == bindparam("of_epoch"), EVENTS.c.number == bindparam("of_number"))
    .scalar_subquery()
)


def add(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Add deliveries behind all others, each with the id of its event; one whose key is there
    already is left out.
    """
    insert = insert_into(connection, DELIVERIES).values(event_id=_EVENT_ID, foremost=False)
    statement = insert.on_conflict_do_nothing(index_elements=["key"])
    for chunk in chunks(deliveries):
        connection.execute(statement, [_new(delivery) for delivery in chunk])
    advance(connection, {(delivery.channel, delivery.client_id) for delivery in deliveries})


def _new(delivery: Delivery) -> dict[str, Any]:
    row = {name: getattr(delivery, name) for name in FIELDS if name not in ("id", "event_id")}
    return row | {"of_epoch": delivery.epoch, "of_number": delivery.number}


def withdraw(connection: Connection, keys: Sequence[str], at: float | None) -> None:
    """Of these, those that nobody tried to send are not to be sent after all."""
    is_untouched = and_(_IS_UNCLAIMED, _ROW.attempts == 0)
    for chunk in chunks(keys):
        connection.execute(
            update(DELIVERIES)
            .where(_ROW.key.in_(chunk), is_untouched)
            .values(state="withdrawn", settled_at=at)
        )
        advance(connection, lines_of(connection, chunk))


_NAMED = update(DELIVERIES).where(_ROW.key == bindparam("of_key"), IS_PENDING)
_RETRY = _NAMED.where(_ROW.due_at != bindparam("then")).values(
    attempts=_ROW.attempts + 1, error=bindparam("why"), due_at=bindparam("then")
)
_END = _NAMED.values(
    attempts=_ROW.attempts + 1,
    error=bindparam("why"),
    state=bindparam("end"),
    settled_at=bindparam("at"),
)


def settle(connection: Connection, attempts: Sequence[Attempt]) -> None:
    """Keep what became of sending: of those that are pending still. (One whose due_at is the
    attempt's was tried in vain before, and this is the same call once more.)
    """
    again = [_retried(a, key) for a in attempts if a.state == "pending" for key in a.keys]
    ended = [_ended(a, key) for a in attempts if a.state != "pending" for key in a.keys]
    for chunk in chunks(again):
        connection.execute(_RETRY, chunk)
    for chunk in chunks(ended):
        connection.execute(_END, chunk)
        advance(connection, lines_of(connection, [row["of_key"] for row in chunk]))


def hasten(connection: Connection, channel: str, now: float) -> None:
    """What was tried in vain and waits to be tried again is due now."""
    waits = and_(_ROW.channel == channel, IS_PENDING, _ROW.attempts > 0, _ROW.due_at > now)
    connection.execute(update(DELIVERIES).where(waits).values(due_at=now))


def _retried(attempt: Attempt, key: str) -> dict[str, Any]:
    return {"of_key": key, "why": attempt.error, "then": attempt.due_at}


def _ended(attempt: Attempt, key: str) -> dict[str, Any]:
    return {"of_key": key, "why": attempt.error, "end": attempt.state, "at": attempt.at}


# --- lines ---------------------------------------------------------------------------------------

_FIRST = (
    select(func.min(_EARLIER.c.id))
    .where(
        _EARLIER.c.channel == bindparam("of_channel"),
        _EARLIER.c.client_id == bindparam("of_client"),
        _IS_EARLIER_PENDING,
    )
    .scalar_subquery()
)
_ADVANCE = update(DELIVERIES).where(_ROW.id == _FIRST, ~_ROW.foremost).values(foremost=True)
_FALL_BACK = (
    update(DELIVERIES)
    .where(
        _ROW.channel == bindparam("of_channel"),
        _ROW.client_id == bindparam("of_client"),
        IS_PENDING,
        text("foremost"),
    )
    .values(foremost=False)
)


def advance(connection: Connection, lines: Iterable[Line]) -> None:
    """The first pending one of each line is its foremost."""
    for chunk in chunks(_parameters(lines)):
        connection.execute(_ADVANCE, chunk)


def reform(connection: Connection, lines: Iterable[Line]) -> None:
    """As `advance`, where one may have come in before the foremost."""
    for chunk in chunks(_parameters(lines)):
        connection.execute(_FALL_BACK, chunk)
        connection.execute(_ADVANCE, chunk)


def lines_of(connection: Connection, keys: Sequence[str]) -> list[Line]:
    """The lines in which deliveries stand, at most CHUNK of them."""
    query = select(_ROW.channel, _ROW.client_id).where(_ROW.key.in_(keys)).distinct()
    return [(channel, client_id) for channel, client_id in connection.execute(query)]


def _parameters(lines: Iterable[Line]) -> list[dict[str, str]]:
    return [{"of_channel": channel, "of_client": client} for channel, client in sorted(lines)]


# --- finding -------------------------------------------------------------------------------------


def due(connection: Connection, channel: str, until: float, limit: int) -> list[Delivery]:
    """The foremost ones that are due, in order: of more than the limit, those due the longest."""
    query = ALL.where(_ROW.channel == channel, _IS_FOREMOST, _ROW.due_at <= until)
    found = read(connection, query.order_by(_ROW.due_at, _ROW.id).limit(limit))
    return sorted(found, key=lambda delivery: delivery.id)


def next_due(connection: Connection, channel: str) -> float | None:
    """When the next one is due that is in no message yet."""
    query = select(func.min(_ROW.due_at)).where(_ROW.channel == channel, _IS_FOREMOST)
    found: float | None = connection.execute(query).scalar_one()
    return found


def claim(connection: Connection, channel: str, until: float, limit: int) -> list[int]:
    """The ids of those that are due and in no message yet, in order; none before an earlier one
    of its line that is not due.
    """
    # A scalar, which is looked up for each row: as NOT EXISTS, PostgreSQL may join everything with
    # everything (tried, before it had statistics).
    latest_before = (
        select(func.max(_EARLIER.c.due_at))
        .where(
            _EARLIER.c.channel == _ROW.channel,
            _EARLIER.c.client_id == _ROW.client_id,
            _IS_EARLIER_PENDING,
            _EARLIER.c.id < _ROW.id,
        )
        .scalar_subquery()
    )
    is_next = func.coalesce(latest_before, _ROW.due_at) <= until
    query = select(_ROW.id).where(_ROW.channel == channel, _IS_UNCLAIMED, _ROW.due_at <= until)
    return list(connection.scalars(query.where(is_next).order_by(_ROW.id).limit(limit)))


def put_into(connection: Connection, message: str, ids: Sequence[int]) -> list[Delivery]:
    """Give deliveries the name of the message that tells them; returns them, in order."""
    found: list[Delivery] = []
    for chunk in chunks(ids):
        connection.execute(update(DELIVERIES).where(_ROW.id.in_(chunk)).values(message=message))
        found += read(connection, ALL.where(_ROW.id.in_(chunk)).order_by(_ROW.id))
    return found


def divide(connection: Connection, parts: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Give pending deliveries, by their keys, the names of other messages that tell them."""
    for message, keys in parts:
        for chunk in chunks(keys):
            are_meant = and_(_ROW.key.in_(chunk), IS_PENDING)
            connection.execute(update(DELIVERIES).where(are_meant).values(message=message))


def claimed(connection: Connection, channel: str) -> list[Delivery]:
    """Those of the message that was begun first, in order."""
    in_messages = _is_in_message(channel)
    # Few are in messages, and are sorted. By the bare id, SQLite would look for the first of them
    # through all that the channel was ever told.
    oldest = select(_ROW.message).where(in_messages).order_by(_ROW.id + 0).limit(1)
    query = ALL.where(in_messages, _ROW.message == oldest.scalar_subquery())
    return read(connection, query.order_by(_ROW.id))


def _is_in_message(channel: str) -> ColumnElement[bool]:
    return and_(_ROW.channel == channel, IS_PENDING, _ROW.message > literal_column("''"))


def read(connection: Connection, query: Select[Any]) -> list[Delivery]:
    """The deliveries of a query that begins with ALL."""
    rows = connection.execute(query)
    return [Delivery(**dict(zip(FIELDS, row, strict=True))) for row in rows]
