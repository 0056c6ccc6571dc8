"""When the server was awake to watch: statements inside the caller's transaction."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, update

from lastseen.server.store.database import CHUNK
from lastseen.server.store.model import Run
from lastseen.server.store.sql import changed, structs
from lastseen.server.store.tables import RUNS

FIELDS = Run.__struct_fields__

_ALL = select(*(RUNS.c[name] for name in FIELDS))


def begin(connection: Connection, epoch: str, now: float, awake: float) -> None:
    """A stretch begins; `awake` is as of `Run`."""
    row = {"epoch": epoch, "started_at": now, "heartbeat_at": now, "clean": False, "awake": awake}
    connection.execute(insert(RUNS).values(row))


_BEAT = (
    update(RUNS)
    .where(
        RUNS.c.id
        == select(func.max(RUNS.c.id))
        .where(RUNS.c.epoch == bindparam("of_epoch"))
        .scalar_subquery()
    )
    .values(
        heartbeat_at=bindparam("now"), clean=bindparam("is_clean"), awake=bindparam("awake_until")
    )
)


def beat(connection: Connection, epoch: str, now: float, awake: float, *, clean: bool) -> None:
    """The newest stretch of an epoch goes on until now; `awake` is as of `Run`."""
    row = {"of_epoch": epoch, "now": now, "is_clean": clean, "awake_until": awake}
    connection.execute(_BEAT, row)


def last(connection: Connection) -> Run | None:
    """The stretch that began last."""
    found = structs(Run, connection.execute(_ALL.order_by(RUNS.c.id.desc()).limit(1)))
    return found[0] if found else None


def awake(connection: Connection) -> float:
    """For how many seconds the server was awake in all runs; 0 before the first."""
    newest = last(connection)
    return 0.0 if newest is None else newest.awake


def since(connection: Connection, moment: float) -> Iterator[Run]:
    """All stretches that reach past a moment, in the order in which they began to be written."""
    return _scan(connection, _ALL.where(RUNS.c.heartbeat_at > moment))


def every(connection: Connection) -> Iterator[Run]:
    """All stretches."""
    return _scan(connection, _ALL)


def remove_before(connection: Connection, moment: float, limit: int) -> int:
    """Forget up to `limit` stretches that had ended by then; never the last."""
    newest = select(func.max(RUNS.c.id)).scalar_subquery()
    ids = select(RUNS.c.id).where(RUNS.c.heartbeat_at < moment, RUNS.c.id < newest).limit(limit)
    return changed(connection, delete(RUNS).where(RUNS.c.id.in_(ids)))


def _scan(connection: Connection, query: Select[Any]) -> Iterator[Run]:
    query = query.add_columns(RUNS.c.id).order_by(RUNS.c.id).limit(CHUNK)
    rows = connection.execute(query).all()
    while rows:
        yield from (Run(*row[:-1]) for row in rows)
        rows = connection.execute(query.where(RUNS.c.id > rows[-1].id)).all()
