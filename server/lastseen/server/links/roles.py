"""What a connection stands between: the wire protocol below it, the conversation above it.

A wire protocol turns bytes into messages, and into what a link itself has to say besides: a `Sign`
of life that is no message, bytes `Owed` to the peer, or that the link `Ended`.
"""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from lastseen.server.permissions import Principal
from lastseen.server.presence.model import Moment
from lastseen.shared.errors import WireError
from lastseen.shared.messages import Goodbye, Message, ToServer


class Sign(Struct, frozen=True):
    """The link lives, though no message came of it: a pong, a part of a message."""


class Owed(Struct, frozen=True):
    """The wire protocol itself owes the peer an answer: a handshake's, or a pong.

    Attributes:
        data: The bytes to be sent.
    """

    data: bytes


class Ended(Struct, frozen=True):
    """The link ends here.

    Attributes:
        data: The last bytes that the peer is sent.
        left: The peer ended it on purpose: it said goodbye.
        refusal: Why the peer is not let in, where it is not.
    """

    data: bytes
    left: bool = False
    refusal: str = ""


Control = Sign | Owed | Ended
"""What concerns the link and not the conversation."""

SIGN = Sign()


class WireProtocol(Protocol):
    """Bytes to messages and back."""

    @property
    def wire_format(self) -> str:
        """The name of the format in which the journal encodes diffs for it."""

    @property
    def principal(self) -> Principal:
        """Who the peer is, as far as the wire protocol knows."""

    def trust(self) -> None:
        """The peer has registered."""

    def is_ping(self, data: bytes) -> bool:
        """Whether `data` is one whole ping and nothing else."""

    def is_sign(self, data: bytes) -> bool:
        """Whether `data` is one whole sign of life that is no message, and nothing else."""

    def receive(self, data: bytes) -> Iterable[ToServer | WireError | Control]:
        """What `data` completes."""

    @property
    def pong(self) -> bytes:
        """The answer to a ping, encoded once."""

    def encode(self, message: Message) -> bytes:
        """The bytes of a message; of a goodbye, all that ends the link."""


class Conversation(Protocol):
    """What is done with the messages of one connection."""

    def handle(self, message: ToServer | WireError, now: Moment) -> bool:
        """Act upon a message. True if that was costly enough for one turn."""

    def pinged(self, now: Moment) -> None:
        """Act upon a ping."""

    def lives(self, now: Moment) -> None:
        """The link lives, though no message came."""

    def idle(self) -> None:
        """All that was sent has left: what waited for that may go on."""

    def dismissed(self, goodbye: Goodbye) -> None:
        """The server has said goodbye to the peer: nothing it still says counts."""

    def ended(self, end: Ended, now: Moment) -> None:
        """The link has ended at the level of the wire protocol."""

    def closed(self) -> None:
        """The link is gone."""


class Nobody(Conversation):
    """Who a connection speaks to once it is closed: a late word about it changes nothing.

    It takes the place of the conversation, so that the two do not hold each other: among thousands
    that come and go, those gone would else wait for the garbage collector, which comes rarely.
    """

    def handle(self, _message: ToServer | WireError, _now: Moment) -> bool:
        """See `Conversation`."""
        return False

    def pinged(self, now: Moment) -> None:
        """See `Conversation`."""

    def lives(self, now: Moment) -> None:
        """See `Conversation`."""

    def idle(self) -> None:
        """See `Conversation`."""

    def dismissed(self, goodbye: Goodbye) -> None:
        """See `Conversation`."""

    def ended(self, end: Ended, now: Moment) -> None:
        """See `Conversation`."""

    def closed(self) -> None:
        """See `Conversation`."""


NOBODY = Nobody()
