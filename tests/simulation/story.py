"""Law 6: the events in the store tell the same story as the transitions: all of them, in order,
but for the last of a run that was killed; and each run goes on where the store says that the last
ended.
"""

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import select
from tests.simulation.witness import NEVER, Decided, Subject

from lastseen.server.store.tables import EVENTS

if TYPE_CHECKING:
    from tests.simulation.world import World


class Story:
    """Reads the history and compares."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def decided(self, decided: Decided, subject: Subject) -> None:
        """Judged at the end."""

    def tick(self) -> None:
        """Judged at the end."""

    def at_end(self) -> None:
        with self._world.disk.store.database.reading() as connection:
            rows = connection.execute(select(EVENTS).order_by(EVENTS.c.id)).all()
        stored = defaultdict(list)
        for row in rows:
            stored[row.epoch].append((row.number, row.client_id, row.before, row.after, row.reason))
        decided = defaultdict(list)
        for d in self._world.decided:
            decided[d.epoch].append((d.number, d.client_id, d.before, d.after, d.reason))
        for run in self._world.runs:
            self._compare(
                run.number, stored[run.epoch], decided[run.epoch], whole=run.clean is True
            )
        self._goes_on(rows)

    def _compare(self, run: int, stored: list, decided: list, *, whole: bool) -> None:
        if stored != decided[: len(stored)]:
            first = next(i for i, (s, d) in enumerate(zip(stored, decided, strict=False)) if s != d)
            self._world.breach(6, f"run {run}: {stored[first]} is stored for {decided[first]}")
        elif whole and len(stored) < len(decided):
            self._world.breach(6, f"run {run} ended well, and {decided[len(stored)]} is not stored")
        server = self._world.server
        if run == self._world.runs[-1].number and server is not None:
            missing = len(decided) - len(stored)
            if missing > server.memory.keeper.queued:
                self._world.breach(6, f"{missing} transitions are neither stored nor queued")

    def _goes_on(self, rows: list) -> None:
        last: dict[str, tuple[str, str]] = {}
        for row in rows:
            epoch, after = last.get(row.client_id, ("", "offline"))
            if epoch not in ("", row.epoch) and after != "offline":
                after = "late"  # as clients are that were present when the run before ended
                beats = self._world.society.subjects[row.client_id].beaten > NEVER
                if beats and row.before == "online":
                    after = "online"  # but for those whose heartbeat is on time
            if row.before != after:
                self._world.breach(
                    6, f"{row.client_id} was {after}, and event {row.id} says {row.before}"
                )
            last[row.client_id] = (row.epoch, row.after)
