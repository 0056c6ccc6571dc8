"""What a WebSocket server is told and answers, as bytes: messages as JSON, masked as RFC 6455 (5.3)
wants it of clients.
"""

from dataclasses import replace

from benchmarks.wires import Wire, register
from websockets.frames import Opcode
from websockets.utils import apply_mask

from lastseen.shared.messages import SetAvailability, Watch
from lastseen.shared.wire import PING, PONG, to_json

_MASK = b"\x37\xfa\x21\x3d"
"""That of the examples in RFC 6455, 5.7. A browser's changes; the work of undoing it does not."""

_FINAL, _MASKED = 0x80, 0x80
_HEAD, _LONG_HEAD = 2, 4
_LONGEST_SMALL, _LENGTH_OF_TWO_BYTES = 125, 126

_HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: lastseen.json\r\n"
)
_OFFER_OF_BROWSERS = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"


def from_client(opcode: Opcode, payload: bytes) -> bytes:
    """A frame as a client sends it. Payloads of up to 64 KiB."""
    length = len(payload)
    if length <= _LONGEST_SMALL:
        head = bytes([_FINAL | opcode, _MASKED | length])
    else:
        head = bytes([_FINAL | opcode, _MASKED | _LENGTH_OF_TWO_BYTES]) + length.to_bytes(2, "big")
    return head + _MASK + apply_mask(payload, _MASK)


def from_server(opcode: Opcode, payload: bytes) -> bytes:
    """A short frame as a server sends it."""
    return bytes([_FINAL | opcode, len(payload)]) + payload


def pongs_to(data: bytes) -> bytes:
    """What a browser answers to the server's pings, one or several, and nothing else.

    Raises:
        ConnectionError: Something else is among them.
    """
    answer = b""
    while data:
        end = _HEAD + data[1] if len(data) >= _HEAD else _HEAD
        if data[0] != _FINAL | Opcode.PING or end > len(data):
            raise ConnectionError(f"expected pings, got {data!r}")
        answer += from_client(Opcode.PONG, data[_HEAD:end])
        data = data[end:]
    return answer


def _begins_with_frame(data: bytes) -> bool:
    """Whether `data` holds a whole frame of a server, of up to 64 KiB; the server's first ping may
    stand behind it.
    """
    if len(data) < _HEAD:
        return False
    if data[1] < _LENGTH_OF_TWO_BYTES:
        return len(data) >= _HEAD + data[1]
    return len(data) >= _LONG_HEAD + int.from_bytes(data[_HEAD:_LONG_HEAD], "big")


def _welcomed(data: bytes) -> bool:
    """Whether the handshake is answered, and the message behind it."""
    head, _, rest = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 101 "[: len(head)]):
        raise ConnectionError(f"the handshake was refused: {data!r}")
    return _begins_with_frame(rest)


def _greeting(payload: bytes, extensions: str = "") -> bytes:
    handshake = f"{_HANDSHAKE}{extensions}\r\n".encode()
    return handshake + from_client(Opcode.TEXT, payload)


def _client(number: int) -> bytes:
    return _greeting(to_json(register(number)))


def _compressing_client(number: int) -> bytes:
    return _greeting(to_json(register(number)), _OFFER_OF_BROWSERS)


def _change(number: int) -> bytes:
    message = SetAvailability("busy", note=f"in meeting {number}")
    return from_client(Opcode.TEXT, to_json(message))


WEBSOCKET = Wire(
    ping=from_client(Opcode.TEXT, to_json(PING)),
    pong=from_server(Opcode.TEXT, to_json(PONG)),
    client=_client,
    welcomed=_welcomed,
    watcher=lambda _: _greeting(to_json(Watch())),
    watching=_welcomed,
    change=_change,
    told=_begins_with_frame,
)

COMPRESSING = replace(WEBSOCKET, client=_compressing_client)
"""One that would compress, if the server will."""
