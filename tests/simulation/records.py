"""What the store says, at the end of a world, of what happened and of what was to be told."""

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import Row, select

from lastseen.server.store.tables import DELIVERIES, EVENTS

if TYPE_CHECKING:
    from tests.simulation.world import World

AnyRow = Row[Any]

BEGAN = 1_800_000_000.0
"""Unix time when a world begins."""


class Outage(Struct, frozen=True):
    """As the store tells it: ids of events, moments of the world; None: it goes on."""

    went: int
    at: float
    came: int | None
    back: float | None


class Records:
    """Attributes:
    outages: Of each client_id, in order.
    deliveries: By their keys.
    over: When the client came back or went again after it, by an event's id.
    """

    def __init__(self, world: "World") -> None:
        self._world = world
        self.outages: dict[str, list[Outage]] = defaultdict(list)
        self.deliveries = {row.key: row for row in deliveries(world)}
        self.over: dict[int, float] = {}
        self._read_events()
        self._waiting = {
            (row.channel, row.client_id): row.due_at
            for row in self.deliveries.values()
            if row.state == "pending" and row.foremost
        }

    def waiting(self, channel: str, client_id: str) -> float | None:
        """When a channel is to be told what it is to be told of a client next, by the world's
        time; None: nothing waits.
        """
        due_at = self._waiting.get((channel, client_id))
        server = self._world.server
        if due_at is None or server is None:
            return None
        ahead: float = due_at - server.schedule.now()
        return self._world.now + ahead

    def _read_events(self) -> None:
        turned: dict[str, int] = {}
        for row in self._events():
            at = self._world.moments[row.epoch, row.number]
            if (row.after == "offline") == (row.before == "offline"):
                continue
            found = self.outages[row.client_id]
            if row.after == "offline":
                found.append(Outage(row.id, at, None, None))
            elif found:
                found[-1] = Outage(found[-1].went, found[-1].at, row.id, at)
            if row.client_id in turned:
                self.over[turned[row.client_id]] = at
            turned[row.client_id] = row.id
            self.over[row.id] = float("inf")

    def _events(self) -> Iterator[AnyRow]:
        with self._world.disk.kept.reading() as connection:
            yield from connection.execute(select(EVENTS).order_by(EVENTS.c.id)).all()


def deliveries(world: "World") -> list[AnyRow]:
    """All that was ever to be told, in the order in which it was to be."""
    with world.disk.kept.reading() as connection:
        return list(connection.execute(select(DELIVERIES).order_by(DELIVERIES.c.id)).all())


def pending(world: "World", channel: str) -> list[AnyRow]:
    """What waits for a channel; asked at each start, of which a long world has thousands."""
    waits = (DELIVERIES.c.channel == channel) & (DELIVERIES.c.state == "pending")
    with world.disk.kept.reading() as connection:
        return list(connection.execute(select(DELIVERIES).where(waits)).all())


def happened(world: "World", row: AnyRow) -> float:
    """When what a delivery tells happened; of a mass loss, when its run decided so."""
    if row.number:
        return world.moments[row.epoch, row.number]
    skew = next(run.skew for run in world.runs if run.epoch == row.epoch)
    at: float = row.created_at - BEGAN - skew
    return at
