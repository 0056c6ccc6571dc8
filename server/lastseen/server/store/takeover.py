"""How a run takes over the schedule of the run before, whatever happened to the clock: statements
inside the caller's transaction.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, bindparam, select, update

from lastseen.server.store import settings
from lastseen.server.store.database import chunks
from lastseen.server.store.pending import IS_PENDING, IS_UNCLAIMED
from lastseen.server.store.tables import DELIVERIES, RUNS

AHEAD = "notify.clock_ahead"
"""A key of the settings table: the epoch of a run, and by how many seconds the wall clock was set
forward since that run began."""

_ROW = DELIVERIES.c
_POSTPONE = (
    update(DELIVERIES)
    .where(_ROW.key == bindparam("of_key"), and_(IS_UNCLAIMED, _ROW.attempts == 0))
    .values(due_at=bindparam("then"))
)


def ended(connection: Connection, epoch: str) -> float | None:
    """When the run before that of `epoch` ended, by the clock that it scheduled with."""
    query = select(RUNS.c.epoch, RUNS.c.heartbeat_at).where(RUNS.c.epoch != epoch)
    row = connection.execute(query.order_by(RUNS.c.id.desc()).limit(1)).first()
    if row is None:
        return None
    kept: Any = settings.read(connection).get(AHEAD)
    is_of_it = kept is not None and kept["epoch"] == row.epoch
    return float(row.heartbeat_at - (kept["seconds"] if is_of_it else 0.0))


def set_ahead(connection: Connection, epoch: str, seconds: float) -> None:
    """Keep by how much the wall clock was set forward since a run began."""
    settings.write(connection, AHEAD, {"epoch": epoch, "seconds": seconds})


def make_due(connection: Connection, now: float) -> None:
    """Pending deliveries are due by now at the latest."""
    waits = and_(IS_PENDING, _ROW.due_at > now)
    connection.execute(update(DELIVERIES).where(waits).values(due_at=now))


def postpone(connection: Connection, due: Mapping[str, float]) -> None:
    """Of these, by their keys, those that were never tried are due at these moments."""
    for chunk in chunks([{"of_key": key, "then": at} for key, at in due.items()]):
        connection.execute(_POSTPONE, chunk)
