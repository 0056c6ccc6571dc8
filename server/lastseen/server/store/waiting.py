"""What waits for a channel that is off or no more: looked through by clients, and given up.
Statements inside the caller's transaction.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, literal_column, or_, select, update

from lastseen.server.store import pending
from lastseen.server.store.database import chunks
from lastseen.server.store.tables import DELIVERIES
from lastseen.server.store.telling import Delivery, GivenUp, Waiting

_ROW = DELIVERIES.c

_MAY_HAVE_BEEN_TOLD = or_(
    _ROW.state == literal_column("'sent'"),
    _ROW.attempts > 0,
    _ROW.message > literal_column("''"),  # begun, and what came of it was not noted
)


def clients(connection: Connection, channel: str) -> list[str]:
    """The client_ids of all that is pending, each once; "" for what is about the server."""
    query = select(_ROW.client_id).where(_ROW.channel == channel, pending.IS_PENDING).distinct()
    return list(connection.scalars(query))


def of_clients(connection: Connection, channel: str, client_ids: Sequence[str]) -> list[Waiting]:
    """What is pending of these clients, at most CHUNK of them; none of one that nothing is."""
    is_meant = and_(_ROW.channel == channel, pending.IS_PENDING, _ROW.client_id.in_(client_ids))
    found: dict[str, list[Delivery]] = {}
    for delivery in pending.read(connection, pending.ALL.where(is_meant).order_by(_ROW.id)):
        found.setdefault(delivery.client_id, []).append(delivery)
    return [
        Waiting(tuple(deliveries), _last_told(connection, channel, client_id))
        for client_id, deliveries in found.items()
    ]


def give_up(connection: Connection, given_up: GivenUp) -> None:
    """Of these, those that are pending are withdrawn."""
    for chunk in chunks(given_up.keys):
        are_meant = and_(_ROW.key.in_(chunk), pending.IS_PENDING)
        changed = {"state": "withdrawn", "error": given_up.why, "settled_at": given_up.at}
        connection.execute(update(DELIVERIES).where(are_meant).values(changed))
        pending.advance(connection, pending.lines_of(connection, chunk))


def _last_told(connection: Connection, channel: str, client_id: str) -> Delivery | None:
    is_meant = and_(_ROW.channel == channel, _ROW.client_id == client_id, _MAY_HAVE_BEEN_TOLD)
    query = pending.ALL.where(is_meant).order_by(_ROW.id.desc()).limit(1)
    return next(iter(pending.read(connection, query)), None)
