"""Reads for those who look: what is drawn and counted, each a transaction."""

from collections.abc import Mapping

from msgspec.structs import replace
from sqlalchemy import Connection, func, select

from lastseen.server.store import events, finding, runs
from lastseen.server.store.database import Database
from lastseen.server.store.model import Event
from lastseen.server.store.tables import CLIENTS
from lastseen.server.store.timelines import Span, Timelines, spans, unwatched
from lastseen.shared.messages import Status

DRAWN = 1_000
"""Events of one client that a timeline shows at most, the latest: more than a strip has pixels."""


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
            drawn = {
                client_id: _drawn(connection, client_id, since, until, status)
                for client_id, status in statuses.items()
            }
        # The run that is awake says so only now and then.
        awake = [replace(run, heartbeat_at=until) for run in stretches[-1:] if run.epoch == epoch]
        return Timelines(list(unwatched([*stretches, *awake], since, until)), drawn)

    def offline(self) -> dict[tuple[str, ...], int]:
        """How many clients are offline, by the groups that they are in. Looks at each of them."""
        counted = (
            select(CLIENTS.c.groups, func.count())
            .where(CLIENTS.c.offline_since.is_not(None))
            .group_by(CLIENTS.c.groups)
        )
        with self._database.reading() as connection:
            return {row.groups: row[1] for row in connection.execute(counted)}


def _drawn(
    connection: Connection, client_id: str, since: float, until: float, now: Status
) -> list[Span]:
    client = finding.one(connection, client_id)
    if client is None:
        return []
    latest: list[Event] = events.history(connection, client_id, since, None, DRAWN)
    begins = max(since, client.first_seen)
    if len(latest) == DRAWN:  # there may be more: what was before them is not drawn
        begins = max(begins, latest[-1].at)
    return list(spans(latest[::-1], begins, until, before=now))
