"""A watcher: a place in the journal, sent what comes after it as fast as it reads.

Nothing is queued for a watcher beyond what its link is sending just now: the journal's ring is the
one queue of all of them. Who lags until the ring has moved past it is dismissed as slow, and nobody
else waits.

A snapshot goes out in pages, each when the one before has left. Diffs may come between pages, but
each page is taken at a published revision that has been sent before it: applied in the order in
which they come, pages and diffs make the exact view.
"""

from collections.abc import Callable
from typing import Protocol

from lastseen.server.presence.journal import Journal
from lastseen.server.presence.model import Link
from lastseen.shared.messages import ClientList, Diff, Goodbye, Watch


class WatcherLink(Link, Protocol):
    """A link that can watch."""

    @property
    def wire_format(self) -> str:
        """The name of the format in which its diffs are encoded."""

    @property
    def idle(self) -> bool:
        """Whether all that was sent has left us."""

    def send_encoded(self, data: bytes) -> None:
        """Queue a message that is already encoded in `wire_format`."""

    def call_when_idle(self) -> None:
        """Have the watcher's `advance` called in a later turn, when the link is idle."""


Publish = Callable[[], None]
"""Has the journal tell every change up to now."""

TakePage = Callable[[str | None], ClientList]
"""The page of everyone present after a cursor."""


class Watcher:
    """One link that is sent diffs, after a snapshot if it cannot resume."""

    __slots__ = (
        "_cursor",
        "_journal",
        "_paging",
        "_publish",
        "_request_id",
        "_revision",
        "_take_page",
        "link",
    )

    def __init__(
        self,
        link: WatcherLink,
        request: Watch,
        journal: Journal,
        publish: Publish,
        take_page: TakePage,
    ) -> None:
        self.link = link
        self._journal = journal
        self._publish = publish
        self._take_page = take_page
        self._cursor: str | None = None
        revision = request.revision
        self._paging = (
            revision is None or request.epoch != journal.epoch or not journal.knows(revision)
        )
        self._revision = 0 if self._paging or revision is None else revision
        self._request_id = request.request_id

    def begin(self) -> None:
        """Answer the request: with the first page, or with an empty diff and what was missed."""
        if self._paging:
            self._publish()
            self._revision = self._journal.revision
        else:
            answer = Diff(self._journal.epoch, self._revision, request_id=self._request_id)
            self.link.send(answer)
        self.advance()

    def advance(self) -> None:
        """Send what it lacks while its link takes it; of a snapshot, one page a turn."""
        if not self._journal.knows(self._revision):  # also of a link that takes nothing any more
            self.link.dismiss(Goodbye("slow", reconnect=True))
            return
        while self.link.idle:
            if self._paging:
                self._publish()  # so that the page shows nothing that no diff before it told
            if self._revision < self._journal.revision:
                self._send_diff()
            else:
                if self._paging:
                    self._send_page()
                return

    def _send_diff(self) -> None:
        self._revision += 1
        self.link.send_encoded(self._journal.frame(self._revision, self.link.wire_format))

    def _send_page(self) -> None:
        page = self._take_page(self._cursor)
        self._cursor = page.after
        self._paging = page.after is not None
        self.link.send(page)
        if self._paging:
            self.link.call_when_idle()
