"""Frames: a 4-byte big-endian length, then that many bytes.

A `Framer` takes bytes however the network cut them and gives back whole payloads. It holds at
most one incomplete frame, looks at every byte once, and refuses an announced length over its
limit before a byte of its body is kept.
"""

from collections.abc import Iterator

from lastseen.shared.errors import FrameTooLong

HEADER = 4
"""Bytes of the length that precedes every payload."""

UNREGISTERED_LIMIT = 4 * 1024
"""Longest payload, in bytes, taken from a peer that has not registered: room for a register."""

FRAME_LIMIT = 64 * 1024
"""Longest payload, in bytes, that either side may send once registered, and the server always."""


def frame(payload: bytes) -> bytes:
    """The payload with its length before it."""
    return len(payload).to_bytes(HEADER, "big") + payload


class Framer:
    """Bytes in any cut in, whole payloads out.

    Attributes:
        limit: The longest payload in bytes that is accepted. It may be raised between two frames,
            even while `feed` is being iterated: the next frame is held to the new one.
    """

    __slots__ = ("_partial", "limit")

    def __init__(self, limit: int = FRAME_LIMIT) -> None:
        self.limit = limit
        # None between frames: most connections are idle, and even an empty buffer costs 56 bytes.
        self._partial: bytearray | None = None

    @property
    def pending(self) -> int:
        """Bytes of an incomplete frame that are held."""
        return len(self._partial) if self._partial is not None else 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield every payload that `data` completes, in order.

        Exhaust the iterator before feeding again.

        Raises:
            FrameTooLong: The next frame announces more than `limit` bytes; payloads before it
                have been yielded. The stream cannot go on: feeding more raises this again.
        """
        buffer: bytes | bytearray = data
        if self._partial is not None:
            self._partial += data
            buffer = self._partial
        start = 0
        while len(buffer) - start >= HEADER:
            length = int.from_bytes(buffer[start : start + HEADER], "big")
            if length > self.limit:
                self._partial = bytearray(buffer[start : start + HEADER])
                raise FrameTooLong(
                    f"a frame announces {length} bytes; at most {self.limit} are accepted here"
                    + _as_text(self._partial)
                )
            end = start + HEADER + length
            if end > len(buffer):
                break
            yield bytes(buffer[start + HEADER : end])
            start = end
        self._keep(buffer, start)

    def _keep(self, buffer: bytes | bytearray, start: int) -> None:
        if start == len(buffer):
            self._partial = None
        elif buffer is self._partial:
            del self._partial[:start]
        else:
            self._partial = bytearray(buffer[start:])


def _as_text(header: bytearray) -> str:
    """Four letters are no length: whoever took the port of the page for ours should read so."""
    text = header.decode("latin-1")
    if not (text.isascii() and text.isprintable()):
        return ""
    return f" (as text that is {text!r}: is this the port of another protocol?)"
