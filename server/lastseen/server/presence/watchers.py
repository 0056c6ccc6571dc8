"""The watchers: links that are sent diffs, told in rounds, a tick after the first change.

A tick gathers what changes together, like the clients of a network that is back, into one diff.
"""

from collections.abc import Callable
from functools import partial

import trio

from lastseen.server.presence.isolation import apart
from lastseen.server.presence.journal import Journal
from lastseen.server.presence.watcher import Publish, Watcher, WatcherLink
from lastseen.shared.messages import ClientList, List, Watch

TICK = 0.05
"""Seconds for which changes are gathered before watchers are told (design, section 3)."""

TOLD_AT_ONCE = 128
"""Watchers told before others get a turn: some milliseconds of sends."""


class Watchers:
    """Who watches now. A link that watches anew begins anew."""

    def __init__(
        self, journal: Journal, publish: Publish, list_: Callable[[List], ClientList]
    ) -> None:
        """`publish` has the journal tell every change up to now; `list_` takes a page of a list."""
        self._journal = journal
        self._publish = publish
        self._list = list_
        self._watchers: dict[WatcherLink, Watcher] = {}
        self._something_changed = trio.Event()

    def __len__(self) -> int:
        return len(self._watchers)

    def __contains__(self, link: WatcherLink) -> bool:
        """Whether a link watches."""
        return link in self._watchers

    def add(self, link: WatcherLink, request: Watch) -> None:
        """Send a link diffs from now on, or from where it left off."""

        def take_page(cursor: str | None) -> ClientList:
            return self._list(List(after=cursor, limit=1000, request_id=request.request_id))

        watcher = Watcher(link, request, self._journal, self._publish, take_page)
        self._watchers[link] = watcher
        watcher.begin()

    def advance(self, link: WatcherLink) -> None:
        """A watcher's link is idle again."""
        if link in self._watchers:
            self._watchers[link].advance()

    def remove(self, link: WatcherLink) -> None:
        """A link is gone, or wants no more diffs."""
        self._watchers.pop(link, None)

    def changed(self) -> None:
        """The journal has something to publish."""
        self._something_changed.set()

    async def tell(self) -> None:
        """Publish what changed, a tick after the first change, and tell every watcher. For ever."""
        offered = 0
        while True:
            await self._something_changed.wait()
            await trio.sleep(TICK)
            self._something_changed = trio.Event()
            self._journal.trim(offered)  # the last round offered them, and there was a tick to read
            self._publish()
            offered = self._journal.revision
            for told, link in enumerate(list(self._watchers), 1):
                apart(link, partial(self._tell, link))
                if told % TOLD_AT_ONCE == 0:
                    await trio.lowlevel.checkpoint()

    def _tell(self, link: WatcherLink) -> None:
        try:
            self.advance(link)
        except Exception:
            self.remove(link)
            raise
