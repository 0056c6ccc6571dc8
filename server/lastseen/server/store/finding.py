"""Finding clients, a page at a time. Every page starts where the last one ended, in an index, so
that the millionth costs what the first did.
"""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, select

from lastseen.server.store.clients import FIELDS
from lastseen.server.store.database import CHUNK
from lastseen.server.store.filtering import Filter
from lastseen.server.store.model import KnownClient, Page
from lastseen.server.store.sql import structs
from lastseen.server.store.tables import CLIENTS

LOOKED_AT = 5_000
"""Clients examined for one page at most: a search that finds nothing must end, too."""

_ALL = select(*(CLIENTS.c[name] for name in FIELDS))
_IN_ORDER = _ALL.order_by(CLIENTS.c.client_id)

Condition = ColumnElement[bool]

WAS_ONLINE: Condition = CLIENTS.c.offline_since.is_(None)
"""The client's last event left it online or late."""


def one(connection: Connection, client_id: str) -> KnownClient | None:
    """The client of this id."""
    row = connection.execute(_ALL.where(CLIENTS.c.client_id == client_id)).one_or_none()
    return None if row is None else KnownClient(*row)


def page(
    connection: Connection, after: str | None, limit: int, *conditions: Condition
) -> Page[KnownClient]:
    """Those who meet the conditions, for which there should be an index."""
    found = _some(connection, _IN_ORDER.where(*conditions), after, limit + 1)
    if len(found) <= limit:
        return Page(found, None)
    return Page(found[:limit], found[limit - 1].client_id)


class Stay(Struct, frozen=True):
    """What the uptime of a client needs to know of it: is it online, as far as events say?"""

    client_id: str
    first_seen: float
    online: bool


def stays(
    connection: Connection, client_id: str | None, after: str | None, limit: int
) -> Page[Stay]:
    """That of one client, or of the next ones."""
    columns = CLIENTS.c.client_id, CLIENTS.c.first_seen, WAS_ONLINE
    query = select(*columns).order_by(CLIENTS.c.client_id).limit(limit + 1)
    if client_id is not None:
        query = query.where(CLIENTS.c.client_id == client_id)
    if after is not None:
        query = query.where(CLIENTS.c.client_id > after)
    found = structs(Stay, connection.execute(query))
    return Page(found[:limit], found[limit - 1].client_id if len(found) > limit else None)


def search(
    connection: Connection, after: str | None, limit: int, wanted: Filter
) -> Page[KnownClient]:
    """Those who pass a filter, among the next LOOKED_AT."""
    found: list[KnownClient] = []
    for looked_at, client in enumerate(_scan(connection, after)):
        if looked_at == LOOKED_AT or len(found) == limit:
            return Page(found, after)
        if wanted(client):
            found.append(client)
        after = client.client_id
    return Page(found, None)


def every(connection: Connection) -> Iterator[tuple[KnownClient, float | None]]:
    """All clients, each with its `offline_since`."""
    query = _IN_ORDER.add_columns(CLIENTS.c.offline_since).limit(CHUNK)
    rows = connection.execute(query).all()
    while rows:
        yield from ((KnownClient(*row[:-1]), row[-1]) for row in rows)
        rows = connection.execute(query.where(CLIENTS.c.client_id > rows[-1][0])).all()


def _scan(connection: Connection, after: str | None) -> Iterator[KnownClient]:
    while clients := _some(connection, _IN_ORDER, after, CHUNK):
        yield from clients
        after = clients[-1].client_id


def _some(
    connection: Connection, query: Select[Any], after: str | None, limit: int
) -> list[KnownClient]:
    if after is not None:
        query = query.where(CLIENTS.c.client_id > after)
    return structs(KnownClient, connection.execute(query.limit(limit)))
