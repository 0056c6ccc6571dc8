"""One connection as messages: a byte stream below, whole messages above."""

import errno
import os
import socket
from collections import deque
from collections.abc import Awaitable, Callable

import trio

from lastseen.client.errors import ConnectFailed, LinkLost
from lastseen.client.forking import release_in_children
from lastseen.shared.address import DEFAULT_PORT
from lastseen.shared.errors import UnknownType, WireError
from lastseen.shared.framing import FRAME_LIMIT, Framer
from lastseen.shared.messages import Message, ToClient
from lastseen.shared.wire import from_server, to_frame

Dial = Callable[[str, int], Awaitable[trio.abc.Stream]]
"""Makes a stream to a host and port, or raises OSError. Tests give an in-memory one."""

CONNECT_DEADLINE = 10.0
"""Seconds for a TCP connection: the kernel would try for two minutes without a word."""

RESET_WITHIN = 1.0
"""Seconds in which a reset is the answer to what was just sent: a round trip and a margin."""

SEND_DEADLINE = 10.0
"""Seconds for one frame to be taken: the same patience as for a pong. Only a peer that no longer
reads lets it pass."""


class Link:
    """Messages over one stream. Many tasks may send, one receives.

    Attributes:
        cut_after: Seconds of silence after which the other end closed the connection; None until
            it does.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.cut_after: float | None = None
        self._active_at = trio.current_time()
        self._silence_before_send = 0.0
        self._stream = stream
        self._framer = Framer(FRAME_LIMIT)
        self._arrived: deque[bytes] = deque()
        self._turn = trio.Lock()

    async def send(self, message: Message) -> None:
        """Send one message.

        A send that is cut short, by cancellation too, may leave half a frame behind, and whatever
        came after it would be read as its rest: so it closes the link.

        Raises:
            LinkLost: The link is broken, or the server has stopped reading.
        """
        async with self._turn:
            self._silence_before_send = trio.current_time() - self._active_at
            whole = False
            try:
                with trio.fail_after(SEND_DEADLINE):
                    await self._stream.send_all(to_frame(message))
                whole = True
                self._active_at = trio.current_time()
            except trio.TooSlowError:
                raise LinkLost(f"the server has read nothing for {SEND_DEADLINE:g} s") from None
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                raise LinkLost("the connection is closed") from None
            finally:
                if not whole:
                    await self.aclose()

    async def receive(self) -> ToClient:
        """The next message that we know; one of an unknown type is passed over: versions differ.

        Raises:
            LinkLost: The connection closed, or what came over it is not our protocol.
        """
        while True:
            payload = await self._next_payload()
            try:
                return from_server.decode(payload)
            except UnknownType:
                continue
            except WireError as error:
                raise LinkLost(f"the server sent something we cannot read: {error}") from error

    async def aclose(self) -> None:
        """Close at once, waiting for nobody."""
        await trio.aclose_forcefully(self._stream)

    async def _next_payload(self) -> bytes:
        await trio.lowlevel.checkpoint()  # a burst must not keep others from their turn
        while not self._arrived:
            try:
                data = await self._stream.receive_some()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._note_cut(was_reset=True)
                raise LinkLost("the connection broke") from None
            if not data:
                self._note_cut(was_reset=False)
                raise LinkLost("the server closed the connection")
            self._active_at = trio.current_time()
            self._take(data)
        return self._arrived.popleft()

    def _note_cut(self, *, was_reset: bool) -> None:
        """Note after which silence the other end closed.

        A router that has forgotten an idle connection says nothing. It answers the next message by
        a reset: then the silence before that message counts.
        """
        silence = trio.current_time() - self._active_at
        answers_a_message = was_reset and silence < RESET_WITHIN
        self.cut_after = self._silence_before_send if answers_a_message else silence

    def _take(self, data: bytes | bytearray) -> None:
        try:
            self._arrived.extend(self._framer.feed(bytes(data)))
        except WireError as error:
            if other := _other_protocol(bytes(data)):
                raise LinkLost(
                    f"{other} answers there, not lastseen: expected the TCP port of a "
                    f"server of lastseen, by default {DEFAULT_PORT}"
                ) from error
            raise LinkLost(f"the server sent something we cannot read: {error}") from error


_OTHER_PROTOCOLS = {
    b"SSH-": "an SSH server",
    b"HTTP/": "an HTTP server",
    b"\x15\x03": "a TLS server",  # an alert, RFC 8446, section 5.1
}
"""What other servers say first to something that they cannot read, by how it begins."""


def _other_protocol(data: bytes) -> str | None:
    return next((who for begin, who in _OTHER_PROTOCOLS.items() if data.startswith(begin)), None)


async def dial_tcp(host: str, port: int) -> trio.abc.Stream:
    """Make a TCP connection without delay for small frames (trio sets TCP_NODELAY)."""
    stream = await trio.open_tcp_stream(host, port)
    release_in_children(stream.socket)
    return stream


async def open_link(dial: Dial, host: str, port: int) -> Link:
    """A new link.

    Raises:
        ConnectFailed: With the cause only; who calls knows the address.
    """
    try:
        with trio.fail_after(CONNECT_DEADLINE):
            return Link(await dial(host, port))
    except trio.TooSlowError:
        raise ConnectFailed(f"no answer within {CONNECT_DEADLINE:g} s") from None
    except OSError as error:
        raise ConnectFailed(_cause(error), absent=_is_absence(error)) from error


def _cause(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"the host is unknown ({error.strerror})"
    number = _number(error)
    return os.strerror(number).lower() if number else str(error)


def _is_absence(error: OSError) -> bool:
    return isinstance(error, socket.gaierror) or _number(error) == errno.ECONNREFUSED


def _number(error: OSError) -> int | None:
    """Trio tries every address of a host and says that all failed; the first failure says why."""
    first: BaseException | None = error.__cause__
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first.errno if isinstance(first, OSError) else error.errno
