"""What those who look at the server want to know of the past, awaited; in worker threads."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import trio

from lastseen.server.keeping.archive import Archive
from lastseen.server.keeping.threads import in_thread
from lastseen.server.keeping.translation import offline
from lastseen.server.presence.presence import Presence
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.filtering import Filter
from lastseen.server.store.store import Store
from lastseen.server.store.timelines import Timelines
from lastseen.server.store.viewing import Key, Order, Viewing
from lastseen.shared.messages import Answer, ClientRecord, Question, Status

READERS = 2
"""Reads at once: few enough to leave links and others the interpreter."""

WAITING = 64
"""Reads open at once, those that wait included."""

COUNT_INTERVAL = 0.1
"""Seconds for which a count of those who are offline is good enough: nobody sees the difference."""

COUNT_SHARE = 20
"""A count is good for so many times as long as it took, so that counting millions is no load."""

T = TypeVar("T")


class Reading:
    """Reads the store for whoever looks."""

    def __init__(self, store: Store, archive: Archive, presence: Presence) -> None:
        self._store = store
        self._archive = archive
        self._presence = presence
        self._readers = trio.Semaphore(READERS)
        self._open = 0
        self._counting = trio.Lock()
        self._count: Mapping[tuple[str, ...], int] = {}
        self._count_good_until = float("-inf")

    def ask(
        self, question: Question, reply: Callable[[Answer], None], wanted: Callable[[], bool]
    ) -> None:
        """Have `reply` called with the answer, later, as `Archive.ask`."""
        self._archive.ask(question, reply, wanted)

    async def find(self, client_id: str) -> ClientRecord | None:
        """A client that is not present; None if it is not known.

        Raises:
            StoreUnavailable: The database does not answer now.
        """
        known = await self._read(self._store.find_by_id, client_id)
        if known is None:
            return None
        last = await self._read(self._store.last_events, [client_id])
        return offline(known, last.get(client_id))

    async def in_order(
        self, order: Order, after: Key | None, limit: int, wanted: Filter
    ) -> tuple[list[ClientRecord], ClientRecord | None]:
        """Clients that are not present, in an order: as `Viewing.in_order`; others may be among
        them, and those are not as they are now.

        Raises:
            StoreUnavailable: The database does not answer now.
        """
        found, until = await self._read(self._viewing().in_order, order, after, limit, wanted)
        last = await self._read(self._store.last_events, [c.client_id for c in found])
        records = [offline(client, last.get(client.client_id)) for client in found]
        return records, None if until is None else offline(until, None)

    async def timelines(self, client_ids: list[str], since: float, until: float) -> Timelines:
        """What each of these was when, between two moments in Unix time.

        Raises:
            StoreUnavailable: The database does not answer now.
        """
        statuses = {client_id: self._status(client_id) for client_id in client_ids}
        epoch = self._presence.epoch
        return await self._read(self._viewing().timelines, statuses, since, until, epoch)

    async def offline(self) -> Mapping[tuple[str, ...], int]:
        """How many are offline, by the groups that they are in: now, or not long ago.

        Raises:
            StoreUnavailable: The database does not answer now.
        """
        async with self._counting:  # who comes meanwhile waits for the same count
            began = trio.current_time()
            if began >= self._count_good_until:
                self._count = await self._read(self._viewing().offline)
                took = trio.current_time() - began
                self._count_good_until = began + max(COUNT_INTERVAL, COUNT_SHARE * took)
        return self._count

    def _viewing(self) -> Viewing:
        return Viewing(self._store.database)

    def _status(self, client_id: str) -> Status:
        record = self._presence.registry.record(client_id)
        return "offline" if record is None else record.status

    async def _read(self, read: Callable[..., T], *what: Any) -> T:  # noqa: ANN401 - handed on
        if self._open == WAITING:
            raise StoreUnavailable(f"{WAITING} others are waiting for the store already")
        self._open += 1
        try:
            async with self._readers:
                found: T = await in_thread(read, *what)
                return found
        finally:
            self._open -= 1
