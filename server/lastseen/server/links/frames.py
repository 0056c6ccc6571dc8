"""The wire protocol of TCP clients, sans-IO: bytes in, messages or typed errors out, and back."""

from collections.abc import Iterator

from lastseen.server.permissions import ANONYMOUS
from lastseen.shared.errors import BadMessage, FrameTooLong, UnknownType, Unreadable, WireError
from lastseen.shared.framing import FRAME_LIMIT, UNREGISTERED_LIMIT, Framer
from lastseen.shared.messages import Message, ToServer
from lastseen.shared.wire import PING_FRAME, PONG_FRAME, from_client, to_frame

FORMAT = "msgpack"
"""The name of this wire format, as the journal knows it."""

FATAL = (FrameTooLong, Unreadable)
"""Errors after which the stream cannot go on: what follows them has no meaning."""


class FrameProtocol(Framer):
    """Length-prefixed MessagePack, in both directions. It is its own framer: one object a link."""

    __slots__ = ()

    wire_format = FORMAT
    principal = ANONYMOUS
    pong = PONG_FRAME

    def __init__(self) -> None:
        super().__init__(UNREGISTERED_LIMIT)

    def trust(self) -> None:
        """The peer has registered: take longer frames from it."""
        self.limit = FRAME_LIMIT

    def is_ping(self, data: bytes) -> bool:
        """Whether `data` is one whole ping and nothing else."""
        return data == PING_FRAME and self._partial is None

    def is_sign(self, data: bytes) -> bool:  # noqa: ARG002 - a WireProtocol; here all is messages
        """Whether `data` is a sign of life that is no message: there is none."""
        return False

    def receive(self, data: bytes) -> "Iterator[ToServer | WireError]":
        """The messages that `data` completes; in place of one that cannot be read, what is wrong
        with it.

        After a FATAL error nothing more comes.
        """
        try:
            for payload in self.feed(data):
                try:
                    message = from_client.decode(payload)
                except (BadMessage, UnknownType) as error:
                    yield error
                else:
                    yield message
        except FATAL as error:
            yield error

    def encode(self, message: Message) -> bytes:
        """The bytes of a message."""
        return to_frame(message)
