"""Law 8: whatever happens, memory and queues stay within bounds; and when all have gone, all is
given back.
"""

from typing import TYPE_CHECKING

from tests.simulation.witness import Decided, Subject

from lastseen.server.keeping.keeper import QUEUE_BOUND
from lastseen.server.links.connection import UNSENT_LIMIT
from lastseen.server.presence.journal import RING_BYTES
from lastseen.server.presence.registry import GROUPS_SHARED

if TYPE_CHECKING:
    from tests.simulation.world import World

LOOK = 30.0
"""Seconds between two looks."""

LINKS_EACH = 2
"""Links that the server may have at once for each machine, on the mean: its own, and those that
died unnoticed within the last two minutes."""

RECORD = 300
"""Bytes of one client's change in a diff. The last diff may tell of everyone."""

CAUGHT_UP = 60.0
"""Seconds in which a store that answers again has what waited: a write is tried every 30 s."""

FRAME = 70 * 1024
"""Bytes by which a queue may pass its bound before that is noticed: one message."""


class Bounds:
    """Looks at everything that could grow."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._look_at = 0.0

    def decided(self, decided: Decided, subject: Subject) -> None:
        """Queues are looked at between turns."""

    def tick(self) -> None:
        world = self._world
        if not world.is_up or world.now < self._look_at:
            return
        self._look_at = world.now + LOOK
        for what, met, most in self._sizes():
            if met > most:
                world.breach(8, f"{what}: {met}, at most {most}")

    def _sizes(self) -> list[tuple[str, int, int]]:
        world, server = self._world, self._world.server
        assert server is not None
        presence, detector = server.presence, server.presence.registry.detector
        people = len(world.society.machines) + len(world.society.beaters)
        keeper, door = server.memory.keeper, server.doorkeeper
        outbox = server.notifications.notifier._outbox
        unsent = [len(c._unsent) for c in server.pump if getattr(c, "_unsent", None)]
        channels = len(world.receivers)
        ids = len(world.society.subjects)
        return [
            ("links", len(server.pump), LINKS_EACH * people + 10),
            ("sessions", len(detector), LINKS_EACH * people),
            ("clients present", len(presence.registry), ids),
            ("clients departed", presence.registry.remembered, ids),
            ("unsent bytes of a link", max(unsent, default=0), UNSENT_LIMIT + FRAME),
            ("bytes of the ring", presence.journal._ring_size, RING_BYTES + RECORD * ids + FRAME),
            ("transitions queued", keeper.queued, self._queue_bound(ids)),
            ("changes to be written", len(keeper._changed), ids),
            ("strangers", len(door._strangers), LINKS_EACH * people),
            ("those leaving", len(door._leaving), LINKS_EACH * people),
            ("watchers", len(presence.watchers), LINKS_EACH * len(world.society.onlookers)),
            ("standings", len(outbox), channels * ids),
            ("flaps counted", len(outbox._changes), channels * ids),
            ("groups shared", len(presence.registry._groups), GROUPS_SHARED),
        ]

    def _queue_bound(self, ids: int) -> int:
        """While the store is well, what happened to each in a moment or two; else its own."""
        world = self._world
        unwell = (
            not world.disk.well
            or world.now - max((at for at, who in world.troubles if not who), default=0.0)
            < CAUGHT_UP
        )
        return QUEUE_BOUND if unwell else 2 * ids

    def at_end(self) -> None:
        """Everyone leaves: nothing may be left of them."""
        server = self._world.server
        if server is None or not self._world.is_up:
            return
        census, registry = server.presence.registry.census, server.presence.registry
        if sum(census.statuses.values()) != len(registry):
            self._world.breach(8, f"{census.statuses} are counted, and {len(registry)} are present")
        sessions = sum(len(client.sessions) for client in registry._clients.values())
        if sessions != len(registry.detector):
            self._world.breach(8, f"{sessions} sessions, and {len(registry.detector)} are judged")
        hosts = sum(server.doorkeeper._from_host.values())
        if hosts != len(server.pump):
            self._world.breach(8, f"{hosts} links are counted by host, and {len(server.pump)} are")
