"""Law 7: uptime is what the world knows it to be: of the time that the server says it watched, the
part in which the client was there; and it was awake whenever it says that it watched.
"""

from typing import TYPE_CHECKING

from sqlalchemy import select
from tests.simulation.machines import Beater
from tests.simulation.witness import TICK, Decided, Subject

from lastseen.server.store.tables import RUNS
from lastseen.server.store.uptime import merged

if TYPE_CHECKING:
    from tests.simulation.world import World

LONGEST_INTERVAL = 120.0
"""Seconds between two signs of life by a link at most: the last one before a run was killed may be
lost."""

Stretch = tuple[float, float]


class Times:
    """Compares figures at the end. Of worlds in which the wall clock was set, none: history is told
    by it, and no figure is better than its clock.
    """

    def __init__(self, world: "World") -> None:
        self._world = world

    def decided(self, decided: Decided, subject: Subject) -> None:
        """Judged at the end."""

    def tick(self) -> None:
        """Judged at the end."""

    def at_end(self) -> None:
        world = self._world
        if world.skewed_at:
            return
        watched = self._watched()
        every = (stretch for run in world.runs for stretch in run.stretches(world.now))
        awake = [(since, until) for since, until in every if until > since]
        beyond = _length(watched) - _common(watched, awake)
        if beyond > TICK * len(awake) + 2.0:
            world.breach(7, f"{beyond:.1f} s are said to have been watched while it was not awake")
        for client_id, subject in world.society.subjects.items():
            if not client_id.startswith(("twins", "observing")):
                self._compare(client_id, subject, watched)

    def _watched(self) -> list[Stretch]:
        from tests.simulation.records import BEGAN

        with self._world.disk.store.database.reading() as connection:
            rows = connection.execute(select(RUNS)).all()
        return list(merged((r.started_at - BEGAN, r.heartbeat_at - BEGAN) for r in rows))

    def _compare(self, client_id: str, subject: Subject, watched: list[Stretch]) -> None:
        world = self._world
        page = world.disk.store.uptime(client_id, [world.now + 1000.0], world.wall())
        if not page.items:
            return
        told = page.items[0].windows[0]
        there = [*subject.stretches, *([(subject.came, world.now)] if subject.present else [])]
        truth = _common(watched, list(merged(there)))
        allowed = max(world.config.server.reap_interval, 2 * TICK * len(there))
        beats = [m.interval for m in subject.machines if isinstance(m, Beater)]
        allowed += max([LONGEST_INTERVAL, *beats]) * subject.unsure
        if abs(told.online_seconds - truth) > allowed:
            world.breach(
                7, f"{client_id}: told {told.online_seconds:.1f} s online, truly {truth:.1f} s"
            )
        if not 0 <= told.online_seconds <= told.watched_seconds + 0.001:
            world.breach(7, f"{client_id}: {told}")


def _length(stretches: list[Stretch]) -> float:
    return sum(until - since for since, until in stretches)


def _common(some: list[Stretch], others: list[Stretch]) -> float:
    """Seconds that lie in both; each in order and without overlap."""
    total, index = 0.0, 0
    for since, until in some:
        while index < len(others) and others[index][1] <= since:
            index += 1
        at = index
        while at < len(others) and others[at][0] < until:
            total += max(0.0, min(until, others[at][1]) - max(since, others[at][0]))
            at += 1
    return total
