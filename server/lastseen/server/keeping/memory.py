"""Everything that connects one server's presence with its store, from the start to the end."""

from pathlib import Path

import trio

from lastseen.server import logs
from lastseen.server.keeping.archive import Archive
from lastseen.server.keeping.cleaning import clean
from lastseen.server.keeping.keeper import Keeper
from lastseen.server.keeping.reading import Reading
from lastseen.server.keeping.restoring import restore
from lastseen.server.keeping.threads import InThread, in_thread
from lastseen.server.presence.presence import Presence
from lastseen.server.steering import Steering
from lastseen.server.store.opening import open_store
from lastseen.server.store.store import Store

LAST_WRITES = 5.0
"""Seconds that a shutdown waits at most for the last writes."""

log = logs.get_logger()


class Memory:
    """What outlives the process, as the composition root needs it.

    Attributes:
        store: Where it is kept.
        keeper: Who writes.
        archive: Who answers questions about the past.
        reading: Who reads it for those who look.
    """

    def __init__(
        self,
        store: Store,
        presence: Presence,
        steering: Steering,
        in_thread: InThread = in_thread,
    ) -> None:
        """`in_thread` is where calls of the store block."""
        self.store = store
        self._presence = presence
        self._steering = steering
        self._in_thread = in_thread
        self.keeper = Keeper(store, presence, self._flush_interval, in_thread)
        self.archive = Archive(store, presence, self.keeper.caught_up, in_thread)
        self.reading = Reading(store, self.archive, presence)

    async def restore(self) -> None:
        """Begin with what the last run left. To be awaited before anything is served.

        Raises:
            StartFailed: The database does not answer.
        """
        self.keeper.awake_before = await restore(self.store, self._presence, self._in_thread)

    async def run(self) -> None:
        """Write, read and clean up, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.keeper.run)
            nursery.start_soon(self.archive.run)
            nursery.start_soon(
                clean,
                self.store,
                self._presence,
                self._retention,
                self._in_thread,
                self._scheduled,
            )

    async def finish(self) -> None:
        """Write everything once more, within LAST_WRITES seconds."""
        self.keeper.close()
        with trio.move_on_after(LAST_WRITES):
            await self.keeper.finished.wait()
        if not self.keeper.finished.is_set():
            log.error("not everything could be written", transitions=self.keeper.queued)

    async def close(self) -> None:
        """Close the store within LAST_WRITES seconds.

        SQLite then writes what is in the `-wal` into the file and removes the `-wal`.
        """
        with trio.move_on_after(LAST_WRITES) as scope:
            await self._in_thread(self.store.close)
        if scope.cancelled_caught:
            log.warning("the store was not closed in time; the next start completes it")

    def _flush_interval(self) -> float:
        return self._steering.config.store.flush_interval

    def _scheduled(self) -> float:
        """This moment by the clock that deliveries are scheduled with."""
        teller = self.keeper.teller
        return self._presence.clock.now().wall if teller is None else teller.now()

    def _retention(self) -> tuple[float, float]:
        store = self._steering.config.store
        return store.offline_retention, store.event_retention


def open_memory(url: str, folder: Path, presence: Presence, steering: Steering) -> Memory:
    """The memory in the database at `url`; a relative file lies in `folder`.

    Raises:
        StoreUnusable: It cannot be opened as it is, or another server serves from it.
    """
    return Memory(open_store(url, folder, alone=True), presence, steering)
