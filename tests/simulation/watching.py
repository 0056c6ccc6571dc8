"""Law 5: what a watcher knows is what the server knows, as of the revision that it has got to."""

from typing import TYPE_CHECKING

from msgspec import structs
from tests.simulation.witness import Decided, Subject

from lastseen.shared.messages import ClientRecord

if TYPE_CHECKING:
    from tests.simulation.onlookers import Onlooker
    from tests.simulation.world import World

LOOK = 20.0
"""Seconds between two comparisons."""


class Watching:
    """Compares views with the registry, whenever both stand at one revision."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._look_at = 0.0
        self._turn = 0
        self.compared = 0

    def decided(self, decided: Decided, subject: Subject) -> None:
        """Nothing is compared in the middle of a turn."""

    def tick(self) -> None:
        world = self._world
        if not world.is_up or world.server is None or world.now < self._look_at:
            return
        self._look_at = world.now + LOOK
        presence = world.server.presence
        if presence.journal.pending:
            return
        watchers = [o for o in world.society.onlookers if self._stands_here(o)]
        if watchers:  # one after the other: what is wrong in a view stays wrong
            self._turn += 1
            self._compare(watchers[self._turn % len(watchers)])

    def at_end(self) -> None:
        """All was judged as it happened."""

    def _truth(self) -> dict[str, ClientRecord]:
        server = self._world.server
        assert server is not None
        registry = server.presence.registry
        found = {client_id: registry.record(client_id) for client_id in registry._clients}
        return {client_id: _lasting(record) for client_id, record in found.items() if record}

    def _stands_here(self, onlooker: "Onlooker") -> bool:
        server = self._world.server
        assert server is not None
        journal, view = server.presence.journal, onlooker.view
        return onlooker.whole and (view.epoch, view.revision) == (journal.epoch, journal.revision)

    def _compare(self, onlooker: "Onlooker") -> None:
        self.compared += 1
        truth = self._truth()
        seen = {client_id: _lasting(record) for client_id, record in onlooker.view.items()}
        if seen == truth:
            return
        for client_id in sorted(seen.keys() | truth.keys()):
            if seen.get(client_id) != truth.get(client_id):
                self._world.breach(
                    5,
                    f"{onlooker.subject.client_id} at revision {onlooker.view.revision} sees "
                    f"{seen.get(client_id)}, and there is {truth.get(client_id)}",
                )
                return


def _lasting(record: ClientRecord) -> ClientRecord:
    """Without what pings change, of which watchers are told with the next change."""
    return structs.replace(record, last_seen=record.since)
