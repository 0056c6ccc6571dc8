"""Writing and forgetting clients: statements inside the caller's transaction."""

from collections.abc import Container, Iterable, Sequence
from functools import cache
from typing import Any

from msgspec import structs
from sqlalchemy import (
    ARRAY,
    Connection,
    Integer,
    and_,
    bindparam,
    delete,
    or_,
    select,
    text,
    update,
)

from lastseen.server.store.columns import MICROSECONDS, Moment, Words, storable
from lastseen.server.store.database import CHUNK, chunks
from lastseen.server.store.model import Event, KnownClient, LastSeen
from lastseen.server.store.sql import changed, insert_into
from lastseen.server.store.tables import CLIENTS

FIELDS = KnownClient.__struct_fields__

_KEPT = {"client_id", "first_seen"}
"""What a later write of the same client leaves as it is."""


def upsert(connection: Connection, clients: Iterable[KnownClient]) -> None:
    """Insert those who are new and overwrite those who are not; the last of equal ids counts.

    `offline_since` is left as events made it; who is new and had no event was never online.
    """
    statement = _overwriting(insert_into(connection, CLIENTS))
    # In the order of their ids: two writers that took rows in different orders could wait for
    # each other for ever.
    for chunk in chunks(sorted(clients, key=lambda client: client.client_id)):
        connection.execute(statement, [_row(client) for client in chunk])


@cache  # making it costs as much as running it
def _overwriting(insert: Any) -> Any:  # noqa: ANN401  # as of `insert_into`
    return insert.on_conflict_do_update(
        index_elements=["client_id"],
        set_={name: insert.excluded[name] for name in FIELDS if name not in _KEPT},
    )


def _row(client: KnownClient) -> dict[str, Any]:
    row = {name: getattr(client, name) for name in FIELDS}
    return row | {"offline_since": client.last_seen}


_ONE = update(CLIENTS).where(CLIENTS.c.client_id == bindparam("client"))
_SET_OFFLINE_SINCE = _ONE.values(offline_since=bindparam("since"))

# By SQLAlchemy, a row's types and names cost five times what SQLite takes for the row (measured),
# and of this there is more than of all other writing.
_SET_LAST_SEEN = (
    "UPDATE clients SET last_seen = ?, via = ?, ip = ?, port = ?, heard_awake = ? "
    "WHERE client_id = ?"
)

# PostgreSQL's driver makes each row of a list a statement of its own: for 100,000 rows that took
# twice as long, most of it in the interpreter. One statement takes whole columns as well.
_SET_LAST_SEEN_BY_COLUMNS = text(
    """
    UPDATE clients SET last_seen = seen.last_seen, via = seen.via, ip = seen.ip, port = seen.port,
        heard_awake = seen.heard_awake
    FROM unnest(
        CAST(:client AS text[]), CAST(:last_seen AS bigint[]), CAST(:via AS text[]),
        CAST(:ip AS text[]), CAST(:port AS int[]), CAST(:heard_awake AS bigint[])
    ) AS seen (client_id, last_seen, via, ip, port, heard_awake)
    WHERE clients.client_id = seen.client_id
    """
).bindparams(
    bindparam("client", type_=ARRAY(Words)),
    bindparam("last_seen", type_=ARRAY(Moment)),
    bindparam("via", type_=ARRAY(Words)),
    bindparam("ip", type_=ARRAY(Words)),
    bindparam("port", type_=ARRAY(Integer)),
    bindparam("heard_awake", type_=ARRAY(Moment)),
)


def set_last_seen(connection: Connection, seen: Sequence[LastSeen]) -> None:
    """Overwrite the last sign of life of clients that are known; the last of equal ids counts."""
    distinct = {sign.client_id: sign for sign in seen}
    if connection.dialect.name == "postgresql":
        rows = [{"client": name, **structs.asdict(sign)} for name, sign in distinct.items()]
        connection.execute(_SET_LAST_SEEN_BY_COLUMNS, _columns(rows))
    else:
        connection.exec_driver_sql(_SET_LAST_SEEN, [_bare(sign) for sign in distinct.values()])


def _bare(sign: LastSeen) -> tuple[int, str, str, int, int, str]:
    at, awake = round(sign.last_seen * MICROSECONDS), round(sign.heard_awake * MICROSECONDS)
    return at, sign.via, storable(sign.ip), sign.port, awake, storable(sign.client_id)


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    names = [name for name in rows[0] if name != "client_id"]
    return {name: [row[name] for row in rows] for name in names}


def follow(connection: Connection, events: Iterable[Event]) -> None:
    """Bring `offline_since` to where each client's last event leaves it."""
    last = {event.client_id: event for event in events}
    rows = [
        {"client": storable(name), "since": event.last_seen if event.after == "offline" else None}
        for name, event in sorted(last.items())
    ]
    for chunk in chunks(rows):
        connection.execute(_SET_OFFLINE_SINCE, list(chunk))


def remove(connection: Connection, client_id: str) -> bool:
    """Forget one client; whether it was known."""
    return changed(connection, delete(CLIENTS).where(CLIENTS.c.client_id == client_id)) > 0


def remove_absent(connection: Connection, moment: float, keep: Container[str], limit: int) -> int:
    """Forget up to `limit` clients without a sign of life since `moment`, the longest absent first;
    never one of `keep`, nor one whose last event left it online.
    """
    removed, after = 0, None
    while removed < limit:
        candidates = _absent(connection, moment, after)
        if not candidates:
            break
        wanted = [client_id for client_id, _ in candidates if client_id not in keep]
        removed += _remove(connection, wanted[: limit - removed], moment)
        after = candidates[-1]
    return removed


def _absent(
    connection: Connection, moment: float, after: tuple[str, float] | None
) -> list[tuple[str, float]]:
    since, client_id = CLIENTS.c.offline_since, CLIENTS.c.client_id
    query = select(client_id, since).where(_is_absent(moment)).order_by(since, client_id)
    if after is not None:
        query = query.where(and_(since >= after[1], or_(since > after[1], client_id > after[0])))
    return [(row[0], row[1]) for row in connection.execute(query.limit(CHUNK))]


def _remove(connection: Connection, client_ids: list[str], moment: float) -> int:
    if not client_ids:
        return 0
    # Asked again: one may have come back since it was found.
    query = delete(CLIENTS).where(CLIENTS.c.client_id.in_(client_ids), _is_absent(moment))
    return changed(connection, query)


def _is_absent(moment: float) -> Any:  # noqa: ANN401  # SQLAlchemy's type is a mouthful
    return and_(CLIENTS.c.offline_since < moment, CLIENTS.c.last_seen < moment)
