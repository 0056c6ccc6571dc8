"""Reads for those who look: what is drawn and counted, each a transaction."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from lastseen.server.store import events, finding, runs
from lastseen.server.store.clients import FIELDS
from lastseen.server.store.database import Database
from lastseen.server.store.filtering import Filter
from lastseen.server.store.model import Event, KnownClient
from lastseen.server.store.sql import structs
from lastseen.server.store.tables import CLIENTS
from lastseen.server.store.timelines import Span, Timelines, spans, unwatched
from lastseen.server.store.uptime import Stretch
from lastseen.shared.messages import Status

DRAWN = 1_000
"""Events of one client that a timeline shows at most, the latest: more than a strip has pixels."""

LOOKED_AT = 2_000
"""Clients looked at for one page in another order than that of the ids: some 20 ms."""

Order = Literal["name", "last_seen"]
Key = tuple[str | float, str]
"""What a client goes by in an order (`last_seen`: its negative), and its id."""

_CLIENT_ID = CLIENTS.c.client_id
_SMALL_NAME: ColumnElement[str] = func.lower(
    CLIENTS.c.name
)  # of A to Z only: collation "C", or SQLite
_ALL = select(*(CLIENTS.c[name] for name in FIELDS))
_IN_ORDER: dict[Order, Select[Any]] = {
    "name": _ALL.order_by(_SMALL_NAME, _CLIENT_ID),
    "last_seen": _ALL.order_by(CLIENTS.c.last_seen.desc(), _CLIENT_ID),
}


class Viewing:
    """What may be looked at. May be used from any number of threads.

    Every method blocks, and may raise StoreUnavailable.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def timelines(
        self, statuses: Mapping[str, Status], since: float, until: float, epoch: str
    ) -> Timelines:
        """What each of some clients was between two moments in Unix time.

        `statuses` says what they are now; `epoch` is the run that is awake.
        """
        with self._database.reading() as connection:
            stretches = list(runs.since(connection, since))
            starts = {run.epoch: run.started_at for run in reversed(stretches)}
            drawn = {
                client_id: _drawn(connection, client_id, (since, until), status, starts, epoch)
                for client_id, status in statuses.items()
            }
        # The run that is awake says so only now and then.
        awake = [replace(run, heartbeat_at=until) for run in stretches[-1:] if run.epoch == epoch]
        return Timelines(list(unwatched([*stretches, *awake], since, until)), drawn)

    def in_order(
        self, order: Order, after: Key | None, limit: int, wanted: Filter
    ) -> tuple[list[KnownClient], KnownClient | None]:
        """Up to `limit` of those who pass a filter, among the next LOOKED_AT in an order; and the
        last that was looked at, if there may be more behind it.

        An order ends with the id. `after` is what the last client of the page before went by.
        """
        query = _IN_ORDER[order]
        if after is not None:
            query = query.where(_beyond(order, after))
        with self._database.reading() as connection:
            looked_at = structs(KnownClient, connection.execute(query.limit(LOOKED_AT)))
        found = [client for client in looked_at if wanted(client)]
        if len(found) > limit:
            return found[:limit], found[limit - 1]
        return found, looked_at[-1] if len(looked_at) == LOOKED_AT else None

    def offline(self) -> dict[tuple[str, ...], int]:
        """How many clients are offline, by the groups that they are in. Looks at each of them."""
        counted = (
            select(CLIENTS.c.groups, func.count())
            .where(CLIENTS.c.offline_since.is_not(None))
            .group_by(CLIENTS.c.groups)
        )
        with self._database.reading() as connection:
            return {row.groups: row[1] for row in connection.execute(counted)}


def _beyond(order: Order, after: Key) -> ColumnElement[bool]:
    at, client_id = after
    name, seen, behind = _SMALL_NAME, CLIENTS.c.last_seen, CLIENTS.c.client_id > client_id
    if order == "name":
        return or_(name > str(at), and_(name == str(at), behind))
    return or_(seen < -float(at), and_(seen == -float(at), behind))


def _drawn(
    connection: Connection,
    client_id: str,
    window: Stretch,
    now: Status,
    starts: Mapping[str, float],
    epoch: str,
) -> list[Span]:
    since, until = window
    client = finding.one(connection, client_id)
    if client is None:
        return []
    latest: list[Event] = events.history(connection, client_id, since, None, DRAWN)
    begins = max(since, client.first_seen)
    if len(latest) == DRAWN:  # there may be more: what was before them is not drawn
        begins = max(begins, latest[-1].at)
    first = latest[-1].id if latest else None
    earlier = events.history(connection, client_id, None, first, 1)
    # Without an event before the window, a client came with its first one; or it is as it was when
    # its history was forgotten.
    before = earlier[0].after if earlier else latest[-1].before if latest else now
    found = spans(latest[::-1], begins, until, before=before, now=now, starts=starts, epoch=epoch)
    return list(found)
