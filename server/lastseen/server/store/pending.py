"""Deliveries that are to be sent: written, settled, kept in line. Statements inside the caller's
transaction; how those that are due are found stands in `sending`.

Those of one channel and one client are sent in the order of their ids: they stand in line, and only
the foremost of a line is ever due (`tables` has the reason for the column of that name). Whoever
changes who is pending calls `hold_order` first and `advance` afterwards.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
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
EARLIER = DELIVERIES.alias("earlier")

# States, and "no message", are written into the statements: a partial index serves only who is seen
# to ask for no more than it holds, and a parameter could be anything.
IS_PENDING = _ROW.state == literal_column("'pending'")
IS_UNCLAIMED = and_(IS_PENDING, _ROW.message == literal_column("''"))
IS_EARLIER_PENDING = EARLIER.c.state == literal_column("'pending'")


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
    statement = _behind(insert_into(connection, DELIVERIES))
    for chunk in chunks(deliveries):
        connection.execute(statement, [_new(delivery) for delivery in chunk])
    advance(connection, {(delivery.channel, delivery.client_id) for delivery in deliveries})


@cache  # making it costs as much as running it
def _behind(insert: Any) -> Any:  # noqa: ANN401  # as of `insert_into`
    insert = insert.values(event_id=_EVENT_ID, foremost=False)
    return insert.on_conflict_do_nothing(index_elements=["key"])


def _new(delivery: Delivery) -> dict[str, Any]:
    row = {name: getattr(delivery, name) for name in FIELDS if name not in ("id", "event_id")}
    return row | {"of_epoch": delivery.epoch, "of_number": delivery.number}


def withdraw(connection: Connection, keys: Sequence[str], at: float | None) -> None:
    """Of these, those that nobody tried to send are not to be sent after all."""
    is_untouched = and_(IS_UNCLAIMED, _ROW.attempts == 0)
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
    select(func.min(EARLIER.c.id))
    .where(
        EARLIER.c.channel == bindparam("of_channel"),
        EARLIER.c.client_id == bindparam("of_client"),
        IS_EARLIER_PENDING,
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


_LINES = (
    select(_ROW.channel, _ROW.client_id)
    .where(_ROW.key.in_(bindparam("of_keys", expanding=True)))
    .distinct()
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
    rows = connection.execute(_LINES, {"of_keys": keys})
    return [(channel, client_id) for channel, client_id in rows]


def _parameters(lines: Iterable[Line]) -> list[dict[str, str]]:
    return [{"of_channel": channel, "of_client": client} for channel, client in sorted(lines)]


def read(connection: Connection, query: Select[Any], **what: object) -> list[Delivery]:
    """The deliveries of a query that begins with ALL, and its parameters."""
    rows = connection.execute(query, what)
    return [Delivery(**dict(zip(FIELDS, row, strict=True))) for row in rows]
