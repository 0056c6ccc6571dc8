"""The wire protocol of WebSocket clients, sans-IO: bytes in, messages or errors out; and back.

The library judges the handshake and parses and builds every frame; what is kept of it between two
frames is nothing. Its own object for a connection would keep 4 KB for each, as much as all else
that an idle client needs, and take 3 µs for every pong; so the few rules that span frames
(parts of a message, closing) stand here, after RFC 6455, sections 5.4 and 5.5.
"""

from collections.abc import Generator, Iterator
from enum import IntEnum

from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.streams import StreamReader

try:  # as the library itself chooses: in C, it takes a seventh of the time
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

from lastseen.server.links.closing import LEAVING, closing_frame, goodbye_as_http
from lastseen.server.links.codecs import JSON, Codec
from lastseen.server.links.frames import FATAL
from lastseen.server.links.handshake import House, judge
from lastseen.server.links.roles import SIGN, Control, Ended, Owed
from lastseen.server.permissions import ANONYMOUS
from lastseen.shared.errors import BadMessage, FrameTooLong, UnknownType, Unreadable, WireError
from lastseen.shared.framing import FRAME_LIMIT, UNREGISTERED_LIMIT
from lastseen.shared.messages import Error, Goodbye, Message, ToServer

PING = Frame(Opcode.PING, b"").serialize(mask=False)
"""The question whether the link lives. It is empty: any pong answers."""

# A whole small frame from a client: two bytes, a mask of four, and up to 125 bytes of payload.
_MASK = slice(2, 6)
_SMALL_HEAD = 6
_PONG_HEAD = Frame(Opcode.PONG, b"").serialize(mask=True)[:2]

_LONGEST_CONTROL = 125
"""Bytes that a control frame may have, also between the parts of a long message."""


class _Stage(IntEnum):
    HANDSHAKE = 0
    BETWEEN = 1  # messages: no part of one is held
    WITHIN = 2  # one
    OVER = 3


HANDSHAKE, BETWEEN, WITHIN, OVER = _Stage

_Parsing = tuple[StreamReader, Generator[None, None, Frame]]


class WebSocketProtocol:
    """One link's framing.

    Attributes:
        pong: The answer to a ping.
    """

    __slots__ = (
        "_close_code",
        "_codec",
        "_frame",
        "_head",
        "_house",
        "_limit",
        "_parts",
        "_refusal",
        "_stage",
        "pong",
        "principal",
    )

    def __init__(self, house: House) -> None:
        self._stage = HANDSHAKE
        self._house = house
        self.principal = ANONYMOUS
        self._speak(JSON)
        self._limit = UNREGISTERED_LIMIT
        self._head = b""  # of the handshake, as far as it has come
        self._refusal = ""  # the sentence of one that comes before the handshake is over
        self._frame: _Parsing | None = None  # of which only a part has come
        self._parts: bytearray | None = None  # of a message that comes in several frames
        self._close_code: int | None = None  # where one says more than the goodbye's reason

    @property
    def wire_format(self) -> str:
        """The name of its format, as the journal knows it."""
        return self._codec.subprotocol

    def trust(self) -> None:
        """The peer has registered: take longer messages from it."""
        self._limit = FRAME_LIMIT

    # --- in -----------------------------------------------------------------------------------

    def is_ping(self, data: bytes) -> bool:
        """Whether `data` is one whole ping, as our own clients encode it, and nothing else."""
        codec = self._codec
        return (
            data[:2] == codec.ping_head
            and len(data) == _SMALL_HEAD + len(codec.ping)
            and self._stage is BETWEEN
            and apply_mask(data[_SMALL_HEAD:], data[_MASK]) == codec.ping
        )

    def is_sign(self, data: bytes) -> bool:
        """Whether `data` is one whole pong to our pings, and nothing else."""
        return len(data) == _SMALL_HEAD and data[:2] == _PONG_HEAD and self._stage is BETWEEN

    def receive(self, data: bytes) -> Iterator[ToServer | WireError | Control]:
        """What `data` completes; in place of a message that cannot be read, what is wrong with it.

        After a FATAL error or an end nothing more comes.
        """
        if self._stage is HANDSHAKE:
            data = yield from self._shake_hands(data)
        try:
            for frame in self._frames(data):
                yield self._act(frame)
        except FATAL as error:
            yield self._fatal(error)
        except PayloadTooBig as error:
            yield self._fatal(self._too_long(error.size))
        except UnicodeDecodeError as error:
            yield self._fatal(Unreadable(f"expected text in UTF-8: {error.reason}"))
        except ProtocolError as error:
            self._close_code = CloseCode.PROTOCOL_ERROR
            yield self._fatal(Unreadable(f"not a frame of a WebSocket: {error}"))

    # --- out ----------------------------------------------------------------------------------

    @property
    def is_established(self) -> bool:
        """Whether frames may be sent."""
        return self._stage in (BETWEEN, WITHIN)

    def encode(self, message: Message) -> bytes:
        """The bytes of a message; of a goodbye, the closing frame too."""
        if self._stage is HANDSHAKE:
            if isinstance(message, Error):
                self._refusal = message.message
            return goodbye_as_http(message, self._refusal) if isinstance(message, Goodbye) else b""
        encoded = self._codec.encode(message)
        if isinstance(message, Goodbye):
            self._stage = OVER
            return encoded + closing_frame(message.reason, self._close_code)
        return encoded

    # --- within -------------------------------------------------------------------------------

    def _speak(self, codec: Codec) -> None:
        self._codec, self.pong = codec, codec.pong

    def _shake_hands(self, data: bytes) -> Generator[Control, None, bytes]:
        """Take what has come of the handshake. Returns what came behind it."""
        self._head += data
        verdict = judge(self._head, self._house)
        if verdict is None:
            return b""
        self._head = b""
        if verdict.codec is None:
            self._stage = OVER
            yield Ended(verdict.response, refusal=verdict.why)
        else:
            self._stage = BETWEEN
            self._speak(verdict.codec)
            self.principal = verdict.principal
            yield Owed(verdict.response)
        return verdict.rest

    def _frames(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes, until one ends the link."""
        reader, parser = self._frame or (StreamReader(), None)
        self._frame = None
        reader.feed_data(data)
        while (parser or reader.buffer) and self.is_established:
            parser = parser or Frame.parse(reader.read_exact, mask=True, max_size=self._room())
            try:
                next(parser)
            except StopIteration as parsed:
                parser = None
                yield parsed.value
            else:  # it waits for more
                self._frame = (reader, parser)
                break
        if self.is_established:
            self._stage = BETWEEN if self._frame is None and self._parts is None else WITHIN

    def _room(self) -> int:
        """How long the next frame may be."""
        held = 0 if self._parts is None else len(self._parts)
        return max(self._limit - held, _LONGEST_CONTROL)

    def _act(self, frame: Frame) -> ToServer | WireError | Control:
        """What a frame means."""
        if frame.opcode is Opcode.PONG:
            return SIGN
        if frame.opcode is Opcode.PING:
            return Owed(Frame(Opcode.PONG, frame.data).serialize(mask=False))
        if frame.opcode is Opcode.CLOSE:
            close = Close.parse(frame.data)
            self._stage = OVER
            echo = Frame(Opcode.CLOSE, frame.data[:2]).serialize(mask=False)
            return Ended(echo, left=close.code in LEAVING)
        payload = self._payload(frame)
        return SIGN if payload is None else self._message(payload)

    def _payload(self, frame: Frame) -> bytes | None:
        """The payload of the message that a frame completes, if it does.

        Raises:
            ProtocolError: The frame may not come now.
            Unreadable: It is of the other kind, text or binary.
            FrameTooLong: The parts of the message are too long together.
        """
        if (frame.opcode is Opcode.CONT) != (self._parts is not None):
            kind = "the rest of a message" if self._parts is not None else "a new message"
            raise ProtocolError(f"expected {kind}, got opcode {frame.opcode.value}")
        if self._parts is None:
            self._check_kind(frame.opcode)
            if frame.fin:
                return bytes(frame.data)
            self._parts = bytearray()
        self._parts += frame.data
        if len(self._parts) > self._limit:
            raise self._too_long(len(self._parts))
        if not frame.fin:
            return None
        payload, self._parts = bytes(self._parts), None
        return payload

    def _check_kind(self, opcode: Opcode) -> None:
        if opcode is not self._codec.opcode:
            self._close_code = CloseCode.UNSUPPORTED_DATA
            raise Unreadable(
                f"expected {self._codec.opcode.name.lower()} frames ({self._codec.subprotocol}),"
                f" got {opcode.name.lower()}"
            )

    def _message(self, payload: bytes) -> ToServer | WireError:
        """The message in a payload, or what is wrong with it if that is not fatal.

        Raises:
            UnicodeDecodeError: It is text that is not UTF-8.
            Unreadable: It is no map.
        """
        if self._codec.opcode is Opcode.TEXT:
            str(payload, "utf-8")  # RFC 6455, 8.1; the decoder would let it pass in what it skips
        try:
            return self._codec.decoder.decode(payload)
        except (BadMessage, UnknownType) as error:
            return error

    def _too_long(self, length: int | None) -> FrameTooLong:
        return FrameTooLong(
            f"a message has {length} bytes or more; at most {self._limit} are accepted here"
        )

    def _fatal(self, error: WireError) -> WireError:
        """Nothing that follows has a meaning."""
        self._frame = self._parts = None
        self._stage = OVER
        return error
