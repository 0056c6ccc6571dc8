"""One socket: bytes in, messages out, and an output buffer with a bound.

Whatever the wire protocol above it, a connection reads what has come, has each message acted upon,
and sends what came of it in one call. It never waits: what the socket does not take now is kept
until it does, and a peer that lets too much pile up is dismissed as slow.
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto

from lastseen.server.links.poller import READ, WRITE, is_writable
from lastseen.server.links.pump import Pump
from lastseen.server.links.roles import NOBODY, Control, Conversation, Ended, Owed, WireProtocol
from lastseen.server.permissions import Principal
from lastseen.server.presence.model import Moment
from lastseen.shared.errors import WireError
from lastseen.shared.messages import Goodbye, Message, ToServer

RECEIVE = 16 * 1024
"""Bytes read from one socket in one turn: a flood of pings takes a millisecond of all, not more."""

UNSENT_LIMIT = 512 * 1024
"""Bytes kept for a peer that does not read: several pages of a list. One that fills a frame as
MessagePack has up to six times as much as JSON, if all of it are control characters."""


class _Phase(Enum):
    OPEN = auto()
    DISMISSED = auto()  # goodbye said; what still comes is dropped, until the peer closes too
    CLOSED = auto()


# Compared at every ping: an Enum's attribute costs ten times a global.
OPEN, DISMISSED, CLOSED = _Phase


class Connection:
    """One link of the pump.

    Attributes:
        address: Of the peer, `host:port`.
    """

    __slots__ = (
        "_backlog",
        "_conversation",
        "_corked",
        "_interest",
        "_phase",
        "_protocol",
        "_pump",
        "_socket",
        "_unsent",
        "_wake_when_idle",
        "address",
    )

    def __init__(
        self,
        sock: socket.socket,
        address: str,
        protocol: WireProtocol,
        pump: Pump,
        converse: "Callable[[Connection], Conversation]",
    ) -> None:
        """`sock` must not block; from now on it is the connection's to close."""
        self.address = address
        self._socket = sock
        self._protocol = protocol
        self._pump = pump
        self._phase = OPEN
        self._interest = READ
        self._corked = False
        self._wake_when_idle = False
        self._unsent: bytearray | None = None
        # Messages read but not yet acted upon, after a costly one.
        self._backlog: Iterator[ToServer | WireError | Control] | None = None
        self._conversation = converse(self)
        pump.add(sock.fileno(), self)

    # --- the pump's side ----------------------------------------------------------------------

    def on_readable(self, now: Moment) -> None:
        """Read once, and act upon what has come."""
        try:
            data = self._socket.recv(RECEIVE)
        except BlockingIOError:
            return
        except OSError:  # reset, timed out: the link is gone, however it went
            self.close()
            return
        if not data or self._backlog is not None:  # with a backlog only a hang-up calls us
            self.close()
        elif self._phase is OPEN:
            if self._protocol.is_ping(data):  # nearly all that is ever received
                self._conversation.pinged(now)
            elif self._protocol.is_sign(data):
                self._conversation.lives(now)
            else:
                self._act(self._protocol.receive(data), now)

    def on_writable(self, now: Moment) -> None:
        """Send what is left; then whoever waited for that goes on."""
        self._flush()
        if self._unsent is not None or self._phase is not OPEN:
            return
        self._wake_when_idle = False
        self._conversation.idle()
        if self._backlog is not None:
            self._act(self._backlog, now)
        self._update_interest()

    def crashed(self) -> None:
        """Acting upon something raised."""
        self._corked = False
        self._backlog = None
        if self._phase is not OPEN:  # it raised while it was being ended: nothing is left to say
            self.close()
            return
        try:
            self.dismiss(Goodbye("internal_error", reconnect=True))
        except Exception:  # the pump logs it
            self.close()
            raise

    # --- the conversation's side --------------------------------------------------------------

    @property
    def wire_format(self) -> str:
        """The name of the format in which diffs are encoded for it."""
        return self._protocol.wire_format

    @property
    def principal(self) -> Principal:
        """Who the peer is."""
        return self._protocol.principal

    @property
    def idle(self) -> bool:
        """Whether more may be sent: it is open, and all that was sent has left."""
        return self._unsent is None and not self._wake_when_idle and self._phase is OPEN

    def is_open(self) -> bool:
        """Whether the peer is still to be told anything."""
        return self._phase is OPEN

    def trust(self) -> None:
        """The peer has registered."""
        self._protocol.trust()

    def send(self, message: Message) -> None:
        """Send a message, now or when the socket takes it."""
        self.send_encoded(self._protocol.encode(message))

    def send_encoded(self, data: bytes) -> None:
        """Send bytes that are a message already."""
        if self._phase is not OPEN:
            return
        if self._unsent is None and not self._corked:
            self._transmit(data)
            return
        self._queue(data)
        if not self._corked or self._has_too_much_unsent():
            self._flush()
            if self._has_too_much_unsent():
                self.dismiss(Goodbye("slow", reconnect=True))
            elif not self._corked and self._unsent is None:
                self.call_when_idle()  # who waited for the older bytes to leave is not forgotten

    def send_pong(self) -> None:
        """Answer a ping."""
        if self._unsent is None and not self._corked and self._phase is OPEN:
            self._transmit(self._protocol.pong)
        else:
            self.send_encoded(self._protocol.pong)

    def call_when_idle(self) -> None:
        """Call the conversation's `idle` in a later turn, when all has left."""
        self._wake_when_idle = True
        self._update_interest()

    def has_unread(self) -> bool:
        """Whether the peer has sent something that it is up to us to act upon."""
        if self._phase is not OPEN:
            return False
        if self._backlog is not None:
            return is_writable(self._socket)  # else it is the peer who does not read
        try:
            return bool(self._socket.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def dismiss(self, goodbye: Goodbye) -> None:
        """Say goodbye, and close when the peer does (the doorkeeper sees to it if it does not).

        Closing at once, with something of the peer's unread, would make the kernel answer it with a
        reset, and a reset discards the goodbye before the peer has read it.
        """
        if self._phase is not OPEN:
            return
        self._send_last(self._protocol.encode(goodbye))
        self._conversation.dismissed(goodbye)
        if not self._corked:
            self._flush()

    def close(self) -> None:
        """The link is gone, or is not worth waiting for."""
        if self._phase is CLOSED:
            return
        self._phase = CLOSED
        self._unsent = self._backlog = None
        self._pump.remove(self._socket.fileno())
        self._socket.close()
        conversation, self._conversation = self._conversation, NOBODY
        conversation.closed()

    # --- within -------------------------------------------------------------------------------

    def _act(self, messages: Iterable[ToServer | WireError | Control], now: Moment) -> None:
        """Act upon messages until one was costly; send all answers in one call."""
        self._corked = True
        remaining = iter(messages)
        self._backlog = None
        for message in remaining:
            if isinstance(message, Control):
                costly = self._control(message, now)
            else:
                costly = self._conversation.handle(message, now)
            if self._phase is not OPEN:
                break
            if costly:
                self._backlog = remaining
                self._update_interest()
                break
        self._corked = False
        self._flush()
        if self._unsent is None:
            self._conversation.idle()  # what came with other messages may have waited for them

    def _control(self, control: Control, now: Moment) -> bool:
        """See to what concerns the link itself. Never costly."""
        if isinstance(control, Ended):
            self._send_last(control.data)
            self._conversation.ended(control, now)
            return False
        if isinstance(control, Owed):
            self.send_encoded(control.data)
        self._conversation.lives(now)
        return False

    def _send_last(self, data: bytes) -> None:
        """Send these bytes, and then nothing more."""
        self._queue(data)
        self._phase = DISMISSED
        self._backlog = None
        self._wake_when_idle = False

    def _queue(self, data: bytes) -> None:
        if self._unsent is None:
            self._unsent = bytearray(data)
        else:
            self._unsent += data

    def _has_too_much_unsent(self) -> bool:
        return self._unsent is not None and len(self._unsent) > UNSENT_LIMIT

    def _flush(self) -> None:
        if self._unsent is not None:
            self._transmit(self._unsent)
        elif self._interest != READ:
            self._update_interest()
        if self._phase is DISMISSED and self._unsent is None:
            self._finish_sending()

    def _transmit(self, data: bytes | bytearray) -> None:
        """Send what the socket takes now, and keep the rest."""
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return
        if sent == len(data):
            self._unsent = None
            if self._interest == READ:
                return
        elif data is self._unsent:
            del self._unsent[:sent]
        else:
            self._unsent = bytearray(data[sent:])
        self._update_interest()

    def _finish_sending(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:  # the peer was quicker
            self.close()

    def _update_interest(self) -> None:
        if self._phase is CLOSED:
            return
        reads = READ if self._backlog is None else 0
        waits = self._unsent is not None or self._wake_when_idle or self._backlog is not None
        interest = reads | (WRITE if waits else 0)
        if interest != self._interest:
            self._interest = interest
            self._pump.want(self._socket.fileno(), interest)
