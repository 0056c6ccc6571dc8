"""Law 5: what a watcher knows is what the server knows, as of the revision that it has got to."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import structs
from tests.simulation.witness import Decided, Subject

from lastseen.server.presence.model import FRESH, Client, LinklessSession
from lastseen.shared.messages import ClientRecord

if TYPE_CHECKING:
    from tests.simulation.onlookers import Onlooker
    from tests.simulation.world import World

LOOK = 20.0
"""Seconds between two comparisons: of the clients that changed meanwhile, in every view."""

WHOLE = 60.0
"""Seconds between two comparisons of everything, in one view after the other: what is wrong stays
wrong, and a thousand records cost as much as a thousand pings."""


class Watching:
    """Compares views with the registry, whenever both stand at one revision."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._look_at = self._whole_at = 0.0
        self._turn = 0
        self._changed: dict[str, None] = {}

    def decided(self, decided: Decided, subject: Subject) -> None:  # noqa: ARG002 - as others
        """Nothing is compared in the middle of a turn."""
        self._changed[decided.client_id] = None

    def tick(self) -> None:
        world = self._world
        if not world.is_up or world.server is None or world.now < self._look_at:
            return
        self._look_at = world.now + LOOK
        presence = world.server.presence
        if presence.journal.pending:
            return
        watchers = [o for o in world.society.onlookers if self._stands_here(o)]
        changed, self._changed = self._changed, {}
        for watcher in watchers:
            self._compare(watcher, changed)
        if watchers and world.now >= self._whole_at:
            self._whole_at = world.now + WHOLE
            self._turn += 1
            watcher = watchers[self._turn % len(watchers)]
            self._compare(watcher, sorted({*presence.registry._clients, *watcher.view}))
            for client in presence.registry.present():
                self._hold_to_sessions(client)

    def at_end(self) -> None:
        """All was judged as it happened."""

    def _hold_to_sessions(self, client: Client) -> None:
        """A client is shown where a session is that gives it its status."""
        wanted = "online" if any(s.state is FRESH for s in client.sessions) else "late"
        shown = client.via, client.address, client.timeout
        places = [
            (s.via, s.address, s.timeout if isinstance(s, LinklessSession) else None)
            for s in client.sessions
            if wanted == "late" or s.state is FRESH
        ]
        if shown not in places:
            self._world.breach(5, f"{client.client_id} is {wanted} by {places}, and shows {shown}")

    def _stands_here(self, onlooker: "Onlooker") -> bool:
        server = self._world.server
        assert server is not None
        journal, view = server.presence.journal, onlooker.view
        return onlooker.whole and (view.epoch, view.revision) == (journal.epoch, journal.revision)

    def _compare(self, onlooker: "Onlooker", client_ids: Iterable[str]) -> None:
        server = self._world.server
        assert server is not None
        view, registry = onlooker.view, server.presence.registry
        for client_id in client_ids:
            seen = view.get(client_id)
            truth = registry.record(client_id) if client_id in registry else None
            if not _are_alike(seen, truth):
                self._world.breach(
                    5,
                    f"{onlooker.subject.client_id} at revision {view.revision} sees "
                    f"{seen}, and there is {truth}",
                )
                return


def _are_alike(seen: ClientRecord | None, truth: ClientRecord | None) -> bool:
    """But for what pings change, of which watchers are told with the next change."""
    if seen is None or truth is None:
        return seen is truth
    return seen == structs.replace(truth, last_seen=seen.last_seen)
