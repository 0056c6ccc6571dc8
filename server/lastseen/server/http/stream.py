"""The stream of changes: one reader of server-sent events, as a link that watches.

Everything is encoded once, whatever the number of readers, and nothing is queued for one beyond
what is being sent to it just now: the journal's ring is the one queue of all. A diff bears the id
`epoch:revision`, from which a browser that reconnects resumes; what comes before the last page of a
snapshot bears none, because from there nobody could.
"""

from collections.abc import Awaitable, Callable

import msgspec
import trio

from lastseen.server.presence.presence import Presence
from lastseen.shared.messages import (
    ClientList,
    ClientRecord,
    Diff,
    Goodbye,
    Message,
    Watch,
)

FORMAT = "sse"
"""The name by which the journal knows the encoding of diffs for readers."""

KEEP_ALIVE = 15.0
"""Seconds of silence after which a comment is sent: proxies cut what is silent for a minute."""

COMMENT = b": still here\n\n"

COME_BACK_AFTER = b"retry: 1000\n\n"
"""Milliseconds until a browser tries again: a restart takes half of that."""

DIGITS = 15
"""Of a revision: what JavaScript can count to without loss, and more than there will be."""

UNSENT_LIMIT = 512 * 1024
"""Bytes kept for a reader that does not read, as of any other link: a page that fills a frame has
up to six times as much as JSON, and must reach one that does read."""

_encoder = msgspec.json.Encoder()

Write = Callable[[bytes], Awaitable[None]]


class Snapshot(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page of everyone present; `first` on the first, `after` on every one but the last."""

    clients: list[ClientRecord]
    epoch: str
    revision: int
    after: str | None = None
    first: bool = False


def to_event(name: str, data: object, event_id: str = "") -> bytes:
    """One event: `data` as JSON, which never has an end of line in it."""
    head = f"id: {event_id}\nevent: {name}\n" if event_id else f"event: {name}\n"
    return head.encode() + b"data: " + _encoder.encode(data) + b"\n\n"


def encode_diff(diff: Diff) -> bytes:
    """A diff, for all readers."""
    return to_event("diff", diff, f"{diff.epoch}:{diff.revision}")


def parse_event_id(text: str) -> Watch:
    """What a reader has, as the wish to go on from there; whatever is no id of ours: nothing."""
    epoch, _, revision = text.rpartition(":")
    if not epoch or not revision.isascii() or not revision.isdigit() or len(revision) > DIGITS:
        return Watch()
    return Watch(epoch=epoch, revision=int(revision))


class Reader:
    """A link that watches, and can be sent nothing but events."""

    wire_format = FORMAT

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        self._unsent = bytearray()
        self._something = trio.Event()
        self._sending = self._ended = self._paging = False
        self._pages = 0

    async def read(self, request: Watch, write: Write) -> None:
        """Write events until dismissed, or cancelled."""
        await write(COME_BACK_AFTER)
        self._presence.watchers.add(self, request)
        try:
            while not (self._ended and not self._unsent):
                await self._send_next(write)
                self._presence.watchers.advance(self)
        finally:
            self._presence.watchers.remove(self)

    # --- presence's side ----------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether more may be sent."""
        return not (self._unsent or self._sending or self._ended)

    def send(self, message: Message) -> None:
        """A page of the snapshot, or the answer to a resumption."""
        match message:
            case ClientList():
                self._queue(self._page(message))
            case Diff():
                self._queue(encode_diff(message))
            case Goodbye():
                self.dismiss(message)

    def send_encoded(self, data: bytes) -> None:
        """A diff."""
        self._queue(data.partition(b"\n")[2] if self._paging else data)

    def tell(self, event: bytes) -> None:
        """Something else than presence."""
        self._queue(event)

    def call_when_idle(self) -> None:
        """`read` has presence advance us whenever all has been sent."""

    def dismiss(self, goodbye: Goodbye) -> None:
        """Say goodbye, and end the stream."""
        if self._ended:
            return
        self._ended = True
        self._keep(to_event("goodbye", goodbye))
        self._presence.watchers.remove(self)

    def has_unread(self) -> bool:
        """A reader says nothing."""
        return False

    def crashed(self) -> None:
        """Serving it raised: end the stream."""
        self.dismiss(Goodbye("internal_error", reconnect=True))

    # --- within -------------------------------------------------------------------------------

    async def _send_next(self, write: Write) -> None:
        """Send what is there, or a comment when nothing came for long."""
        with trio.move_on_after(KEEP_ALIVE):
            await self._something.wait()
        self._something = trio.Event()
        data, self._unsent = bytes(self._unsent or COMMENT), bytearray()
        self._sending = True
        await write(data)
        self._sending = False

    def _page(self, page: ClientList) -> bytes:
        self._paging = page.after is not None
        self._pages += 1
        shown = Snapshot(
            page.clients, page.epoch, page.revision, page.after, first=self._pages == 1
        )
        event_id = "" if self._paging else f"{page.epoch}:{page.revision}"
        return to_event("clients", shown, event_id)

    def _queue(self, data: bytes) -> None:
        if self._ended:
            return
        self._keep(data)
        if len(self._unsent) > UNSENT_LIMIT:
            self.dismiss(Goodbye("slow", reconnect=True))

    def _keep(self, data: bytes) -> None:
        self._unsent += data
        self._something.set()


READERS = 1_000
"""Streams open at once, at most: each takes a connection and some 50 KB."""


class Readers:
    """All streams that are open.

    Attributes:
        presence: What they show.
        stopping: Whether the server stops.
        most: How many may be open at once.
    """

    def __init__(self, presence: Presence) -> None:
        self.presence = presence
        self._readers: set[Reader] = set()
        self.stopping = False
        self.most = READERS

    def __len__(self) -> int:
        return len(self._readers)

    async def serve(self, request: Watch, write: Write) -> None:
        """Write events until the reader has had enough, or we have."""
        reader = Reader(self.presence)
        self._readers.add(reader)
        try:
            await reader.read(request, write)
        finally:
            self._readers.discard(reader)

    @property
    def full(self) -> bool:
        """Whether one more would be too many."""
        return len(self._readers) >= self.most

    def tell(self, event: bytes) -> None:
        """Send an event to all."""
        for reader in self._readers:
            reader.tell(event)

    def end(self) -> None:
        """The server stops."""
        self.stopping = True
        for reader in list(self._readers):
            reader.dismiss(Goodbye("shutdown", reconnect=True))
