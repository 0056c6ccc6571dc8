"""All that is kept of a decision to tell, and all that is forgotten of it with a client: statements
inside the caller's transaction.
"""

from sqlalchemy import Connection

from lastseen.server.store import ledger, pending, standings, waiting
from lastseen.server.store.telling import Telling


def keep(connection: Connection, telling: Telling, at: float | None) -> None:
    """Write a decision, whose events are there already. It was made `at` (Unix time), if known."""
    pending.add(connection, telling.deliveries)
    pending.withdraw(connection, telling.withdrawn, at)
    for given_up in telling.given_up:
        waiting.give_up(connection, given_up)
    standings.upsert(connection, telling.standings)
    standings.remove(connection, telling.settled)


def forget(connection: Connection, client_id: str, limit: int) -> bool:
    """Forget what was to be told of a client, up to `limit` deliveries; whether that was all."""
    removed = ledger.remove_of(connection, client_id, limit)
    standings.remove_of(connection, client_id)
    return removed < limit
