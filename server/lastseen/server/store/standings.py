"""Where channels stand with clients: statements inside the caller's transaction."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from msgspec import structs
from sqlalchemy import Connection, and_, bindparam, delete, or_, select, tuple_

from lastseen.server.store.database import CHUNK, chunks
from lastseen.server.store.sql import changed, insert_into
from lastseen.server.store.tables import STANDINGS
from lastseen.server.store.telling import Standing

FIELDS = Standing.__struct_fields__

_ROW = STANDINGS.c
_KEY = "client_id", "channel"
_ALL = select(*(_ROW[name] for name in FIELDS)).order_by(_ROW.client_id, _ROW.channel)
_REMOVE = delete(STANDINGS).where(
    _ROW.client_id == bindparam("of_client"), _ROW.channel == bindparam("of_channel")
)


def upsert(connection: Connection, standings: Sequence[Standing], *, newer: bool = False) -> None:
    """Insert or overwrite, the latter only by what changed later where `newer` is asked for; the
    last of one channel and client counts.
    """
    statement = _overwriting(insert_into(connection, STANDINGS), newer)
    for chunk in chunks(standings):
        connection.execute(statement, [structs.asdict(standing) for standing in chunk])


@cache  # making it costs as much as running it
def _overwriting(insert: Any, newer: bool) -> Any:  # noqa: ANN401  # as of `insert_into`
    return insert.on_conflict_do_update(
        index_elements=_KEY,
        set_={name: insert.excluded[name] for name in FIELDS if name not in _KEY},
        where=insert.excluded.changed_at > _ROW.changed_at if newer else None,
    )


def remove(connection: Connection, keys: Sequence[tuple[str, str]]) -> None:
    """Forget those of these channels and client_ids."""
    for chunk in chunks(keys):
        connection.execute(
            _REMOVE, [{"of_channel": channel, "of_client": client} for channel, client in chunk]
        )


def page(connection: Connection, after: Standing | None, limit: int) -> list[Standing]:
    """The next ones, in the order of client_ids, then of channels."""
    query = _ALL.limit(limit)
    if after is not None:
        is_later = or_(_ROW.client_id > after.client_id, _ROW.channel > after.channel)
        query = query.where(and_(_ROW.client_id >= after.client_id, is_later))
    rows = connection.execute(query)
    return [Standing(**dict(zip(FIELDS, row, strict=True))) for row in rows]


def every(connection: Connection) -> Iterator[Standing]:
    """All of them."""
    found = page(connection, None, CHUNK)
    while found:
        yield from found
        found = page(connection, found[-1], CHUNK)


def remove_of(connection: Connection, client_id: str) -> None:
    """Forget those with a client: one for each channel at most."""
    connection.execute(delete(STANDINGS).where(_ROW.client_id == client_id))


def remove_before(connection: Connection, moment: float, limit: int) -> int:
    """Forget up to `limit` of those with clients that have been offline since before a moment."""
    old: Any = select(_ROW.client_id, _ROW.channel).where(_ROW.changed_at < moment, _ROW.offline)
    keys = old.order_by(_ROW.changed_at).limit(limit)
    return changed(
        connection, delete(STANDINGS).where(tuple_(_ROW.client_id, _ROW.channel).in_(keys))
    )
