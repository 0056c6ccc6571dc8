"""The wire protocol of TCP clients, sans-IO: bytes in, messages or typed errors out, and back."""

from collections.abc import Iterator

from lastseen.shared.errors import BadMessage, FrameTooLong, UnknownType, Unreadable, WireError
from lastseen.shared.framing import FRAME_LIMIT, UNREGISTERED_LIMIT, Framer
from lastseen.shared.messages import Message, ToServer
from lastseen.shared.wire import PING, PING_FRAME, PONG_FRAME, from_client, to_frame

FORMAT = "msgpack"
"""The name of this wire format, as the journal knows it."""

FATAL = (FrameTooLong, Unreadable)
"""Errors after which the stream cannot go on: what follows them has no meaning."""

_ONE_PING: tuple[ToServer] = (PING,)


class FrameProtocol:
    """Length-prefixed MessagePack, in both directions."""

    __slots__ = ("_framer",)

    wire_format = FORMAT
    pong = PONG_FRAME

    def __init__(self) -> None:
        self._framer = Framer(UNREGISTERED_LIMIT)

    def trust(self) -> None:
        """The peer has registered: take longer frames from it."""
        self._framer.limit = FRAME_LIMIT

    def receive(self, data: bytes) -> "Iterator[ToServer | WireError] | tuple[ToServer]":
        """The messages that `data` completes; in place of one that cannot be read, what is wrong
        with it.

        After a FATAL error nothing more comes.
        """
        # A lone ping is nearly all that is ever received: it is recognised whole.
        if data == PING_FRAME and not self._framer.pending:
            return _ONE_PING
        return self._messages(data)

    def encode(self, message: Message) -> bytes:
        """The bytes of a message."""
        return to_frame(message)

    def _messages(self, data: bytes) -> "Iterator[ToServer | WireError]":
        try:
            for payload in self._framer.feed(data):
                try:
                    message = from_client.decode(payload)
                except (BadMessage, UnknownType) as error:
                    yield error
                else:
                    yield message
        except FATAL as error:
            yield error
