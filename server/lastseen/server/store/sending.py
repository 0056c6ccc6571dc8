"""Which deliveries are to be sent now: statements inside the caller's transaction.

Lanes ask whenever something happens, so the questions are made once: made anew, each costs as much
as asking it.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, bindparam, func, literal_column, select, text, update

from lastseen.server.store.database import chunks
from lastseen.server.store.pending import (
    ALL,
    EARLIER,
    IS_EARLIER_PENDING,
    IS_PENDING,
    IS_UNCLAIMED,
    read,
)
from lastseen.server.store.tables import DELIVERIES
from lastseen.server.store.telling import Delivery

_ROW = DELIVERIES.c
_IS_FOREMOST = and_(IS_UNCLAIMED, text("foremost"))
_OF_CHANNEL = _ROW.channel == bindparam("of_channel")
_DUE = (
    ALL.where(_OF_CHANNEL, _IS_FOREMOST, _ROW.due_at <= bindparam("until"))
    .order_by(_ROW.due_at, _ROW.id)
    .limit(bindparam("most"))
)
_NEXT_DUE = select(func.min(_ROW.due_at)).where(_OF_CHANNEL, _IS_FOREMOST)
_IS_IN_MESSAGE = and_(_OF_CHANNEL, IS_PENDING, _ROW.message > literal_column("''"))
# Few are in messages, and are sorted. By the bare id, SQLite would look for the first of them
# through all that the channel was ever told.
_OLDEST_MESSAGE = select(_ROW.message).where(_IS_IN_MESSAGE).order_by(_ROW.id + 0).limit(1)
_CLAIMED = ALL.where(_IS_IN_MESSAGE, _ROW.message == _OLDEST_MESSAGE.scalar_subquery()).order_by(
    _ROW.id
)


def due(connection: Connection, channel: str, until: float, limit: int) -> list[Delivery]:
    """The foremost ones that are due, in order: of more than the limit, those due the longest."""
    found = read(connection, _DUE, of_channel=channel, until=until, most=limit)
    return sorted(found, key=lambda delivery: delivery.id)


def next_due(connection: Connection, channel: str) -> float | None:
    """When the next one is due that is in no message yet."""
    found: float | None = connection.execute(_NEXT_DUE, {"of_channel": channel}).scalar_one()
    return found


def claim(connection: Connection, channel: str, until: float, limit: int) -> list[int]:
    """The ids of those that are due and in no message yet, in order; none before an earlier one
    of its line that is not due.
    """
    # A scalar, which is looked up for each row: as NOT EXISTS, PostgreSQL may join everything with
    # everything (tried, before it had statistics).
    latest_before = (
        select(func.max(EARLIER.c.due_at))
        .where(
            EARLIER.c.channel == _ROW.channel,
            EARLIER.c.client_id == _ROW.client_id,
            IS_EARLIER_PENDING,
            EARLIER.c.id < _ROW.id,
        )
        .scalar_subquery()
    )
    is_next = func.coalesce(latest_before, _ROW.due_at) <= until
    query = select(_ROW.id).where(_ROW.channel == channel, IS_UNCLAIMED, _ROW.due_at <= until)
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
    return read(connection, _CLAIMED, of_channel=channel)
