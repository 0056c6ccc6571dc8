"""What watchers are told: diffs that count up by one, encoded once, kept for a while for those who
return.

Changes of one tick are merged by client: the journal remembers only *that* a client changed, and
publishing compares what it is now with whether watchers know it. Pure; `presence` says when to
publish.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from lastseen.shared.fitting import in_frames
from lastseen.shared.framing import HEADER
from lastseen.shared.messages import ClientRecord, Diff
from lastseen.shared.wire import from_server

RING_BYTES = 512 * 1024
"""Encoded diffs kept for watchers that return or lag: some 2,000 changes of 250 bytes."""

Encode = Callable[[Diff], bytes]


class Entry(Struct, frozen=True):
    """One published diff.

    Attributes:
        revision: That it led to.
        frames: Its bytes in the wire formats that were asked for, and in the first one.
    """

    revision: int
    frames: dict[str, bytes]

    @property
    def size(self) -> int:
        """Bytes held."""
        return sum(map(len, self.frames.values()))


class Journal:
    """The diffs of one epoch.

    Attributes:
        epoch: This run of the server.
        revision: That of the last published diff; 0 before the first.
    """

    def __init__(
        self, epoch: str, encoders: Mapping[str, Encode], ring_bytes: int = RING_BYTES
    ) -> None:
        """`encoders` turn a diff into the bytes of each wire format, by the format's name.

        In the first one, that of `to_frame`, every diff is encoded at once, which tells how large
        it is; in the others when somebody wants it. Only bytes are kept, as a diff itself takes
        three times as much memory.
        """
        self.epoch = epoch
        self.revision = 0
        self._encoders = encoders
        self._first_format = next(iter(encoders))
        self._ring: deque[Entry] = deque()
        self._ring_bytes = ring_bytes
        self._ring_size = 0
        self._last: Diff | None = None  # to be encoded: mostly the one just published
        # Who changed since the last diff, and whether that diff left them present.
        self._changed: dict[str, bool] = {}

    @property
    def pending(self) -> bool:
        """Whether there are changes that no diff tells yet."""
        return bool(self._changed)

    def changed(self, client_id: str, *, was_present: bool) -> None:
        """A client is no longer what the last diff said; `was_present` before this change."""
        self._changed.setdefault(client_id, was_present)

    def publish(self, record_of: Callable[[str], ClientRecord | None]) -> None:
        """Tell all changes since the last call, in as many diffs as their size needs."""
        shown, self._changed = self._changed, {}
        records = (record for record in map(record_of, shown) if record is not None)
        # One that came and went since was never shown, and need not be.
        told = (r for r in records if r.status != "offline" or shown[r.client_id])
        for batch in in_frames(told):
            self._append(batch, shown)

    def trim(self, offered: int) -> None:
        """Forget the oldest diffs beyond what the ring may hold, up to the revision `offered`.

        Every watcher must have been offered those: however many changes come at once, nobody is
        slow who had no chance to be told.
        """
        while self._ring_size > self._ring_bytes and self._ring[0].revision <= offered:
            self._ring_size -= self._ring.popleft().size

    def knows(self, revision: int) -> bool:
        """Whether every diff after `revision` is still kept."""
        return 0 <= self.revision - revision <= len(self._ring)

    def entry(self, revision: int) -> Entry:
        """The diff that led to `revision`: one after a revision that `knows`."""
        return self._ring[revision - self.revision - 1]

    def frame(self, revision: int, wire_format: str) -> bytes:
        """The bytes of the diff that led to `revision`: one after a revision that `knows`."""
        entry = self.entry(revision)
        if wire_format not in entry.frames:
            entry.frames[wire_format] = self._encoders[wire_format](self._diff(entry))
            self._ring_size += len(entry.frames[wire_format])
        return entry.frames[wire_format]

    def _append(self, records: Iterable[ClientRecord], shown: Mapping[str, bool]) -> None:
        joins, leaves, updates = [], [], []
        for record in records:
            if record.status == "offline":
                leaves.append(record)
            elif shown[record.client_id]:
                updates.append(record)
            else:
                joins.append(record)
        self.revision += 1
        diff = self._last = Diff(self.epoch, self.revision, joins, leaves, updates)
        frame = self._encoders[self._first_format](diff)
        self._ring.append(Entry(self.revision, {self._first_format: frame}))
        self._ring_size += len(frame)

    def _diff(self, entry: Entry) -> Diff:
        """The diff of an entry, read from its bytes if it was not the last one to be encoded."""
        if self._last is None or self._last.revision != entry.revision:
            message = from_server.decode(entry.frames[self._first_format][HEADER:])
            assert isinstance(message, Diff), "what is kept are diffs"  # noqa: S101 - for mypy
            self._last = message
        return self._last
