"""Deliveries of any state: listed, counted, tried again by hand, forgotten. Statements inside the
caller's transaction.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, text, update

from lastseen.server.store import pending
from lastseen.server.store.database import CHUNK
from lastseen.server.store.sql import changed
from lastseen.server.store.tables import DELIVERIES
from lastseen.server.store.telling import Delivery, DeliveryState

_ROW = DELIVERIES.c

_IS_UNSENT = text("state <> 'sent'")  # as the index has it, to the letter
_MAY_BE_SENT = and_(_IS_UNSENT, _ROW.state.in_(("pending", "failed")))


def page(
    connection: Connection,
    channel: str | None,
    client_id: str | None,
    state: DeliveryState | None,
    before_id: int | None,
    limit: int,
) -> list[Delivery]:
    """The newest first, of a channel, of a client, in a state."""
    ids = select(_ROW.id).order_by(_ROW.id.desc()).limit(limit)
    if channel is not None:
        ids = ids.where(_ROW.channel == channel)
    if client_id is not None:
        ids = ids.where(_ROW.client_id == client_id)
    if state is not None:
        ids = ids.where(_ROW.state == state)
    if state not in (None, "sent"):
        ids = ids.where(_IS_UNSENT)
    if before_id is not None:
        ids = ids.where(_ROW.id < before_id)
    # Found in an index alone, however many are passed over or sorted; then read.
    return pending.read(connection, pending.ALL.where(_ROW.id.in_(ids)).order_by(_ROW.id.desc()))


def one(connection: Connection, name: str | int) -> Delivery | None:
    """The delivery of this key, or of this id."""
    is_it = _ROW.key == name if isinstance(name, str) else _ROW.id == name
    found = pending.read(connection, pending.ALL.where(is_it))
    return found[0] if found else None


def counts(connection: Connection) -> dict[tuple[str, DeliveryState], int]:
    """How many are pending and how many failed, of each channel that has some: one look through an
    index that holds no others.
    """
    query = select(_ROW.channel, _ROW.state, func.count()).where(_MAY_BE_SENT)
    rows = connection.execute(query.group_by(_ROW.state, _ROW.channel))
    return {(channel, state): count for channel, state, count in rows}


def retry(connection: Connection, delivery: Delivery, now: float) -> None:
    """Have it sent again from now on, with all that its message told and still has to."""
    is_concerned: ColumnElement[bool] = _ROW.id == delivery.id
    if delivery.message:
        is_of_message = and_(
            _ROW.channel == delivery.channel, _ROW.message == delivery.message, _MAY_BE_SENT
        )
        is_concerned = or_(is_concerned, is_of_message)
    query = select(_ROW.channel, _ROW.client_id).where(is_concerned).distinct()
    lines = [(channel, client_id) for channel, client_id in connection.execute(query)]
    connection.execute(
        update(DELIVERIES)
        .where(is_concerned)
        .values(state="pending", due_at=now, attempts=0, settled_at=None)
    )
    pending.reform(connection, lines)


def remove_before(connection: Connection, moment: float, limit: int) -> int:
    """Forget up to `limit` deliveries, the oldest first."""
    query = select(_ROW.id, _ROW.channel, _ROW.client_id).where(_ROW.created_at < moment)
    rows = connection.execute(query.order_by(_ROW.created_at).limit(limit)).all()
    removed = changed(connection, delete(DELIVERIES).where(_ROW.id.in_([row.id for row in rows])))
    pending.advance(connection, {(row.channel, row.client_id) for row in rows})
    return removed


def remove_of(connection: Connection, client_id: str, limit: int) -> int:
    """Forget up to `limit` deliveries about a client: the last ones, so that no line is left
    without its foremost until all are gone.
    """
    newest = select(_ROW.id).where(_ROW.client_id == client_id).order_by(_ROW.id.desc())
    return changed(connection, delete(DELIVERIES).where(_ROW.id.in_(newest.limit(limit))))


def every(connection: Connection) -> Iterator[Delivery]:
    """All deliveries, in order."""
    query = pending.ALL.order_by(_ROW.id).limit(CHUNK)
    found = pending.read(connection, query)
    while found:
        yield from found
        found = pending.read(connection, query.where(_ROW.id > found[-1].id))


def keys_of(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """The keys of those of at most CHUNK deliveries that exist."""
    rows = connection.execute(select(_ROW.id, _ROW.key).where(_ROW.id.in_(ids)))
    return {row.id: row.key for row in rows}
