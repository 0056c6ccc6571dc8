"""What each kind of server is told and answers, as bytes: all that the load knows of a protocol.

A *client* is known to the server by name, a *watcher* is told of changes, a *change* is what one
client does that every watcher hears of. For the two brokers, that is to subscribe and to publish.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import md5

from lastseen.shared.framing import HEADER
from lastseen.shared.messages import Register, SetAvailability, Watch
from lastseen.shared.wire import PING_FRAME, PONG_FRAME, to_frame

TOLD = bytes(range(32, 127)) * 3
"""What the brokers publish: 285 bytes, about as long as the diff of one full record."""


@dataclass(frozen=True)
class Wire:
    """One protocol.

    Attributes:
        ping: Sign of life, and `pong`, the answer to it.
        client: What the client of this number says first; `welcomed`, whether the answer is whole.
        watcher: What a watcher of this number says first; `watching`, whether the answer is whole.
        change: The change of this number; `told`, whether a watcher has heard of it in full.
        unasked: What the server may say by itself soon after a client came, and the answer to it.
        settle: Seconds after which it has said so.
    """

    ping: bytes
    pong: bytes
    client: Callable[[int], bytes]
    welcomed: Callable[[bytes], bool]
    watcher: Callable[[int], bytes]
    watching: Callable[[bytes], bool]
    change: Callable[[int], bytes]
    told: Callable[[bytes], bool]
    unasked: dict[bytes, bytes] = field(default_factory=dict)
    settle: float = 0.5


def register(number: int) -> Register:
    """A client that says everything of itself that a real one would."""
    return Register(
        client_id=f"client-{number:05}",
        name=f"Workstation {number:05}",
        hostname=f"ws-{number:05}.example.org",
        groups=("office", f"floor-{number % 10}"),
        meta={"os": "linux", "version": f"1.2.{number % 100}"},
        instance=md5(str(number).encode(), usedforsecurity=False).hexdigest(),
    )


def _whole_frame(data: bytes) -> bool:
    return len(data) >= HEADER and len(data) == HEADER + int.from_bytes(data[:HEADER], "big")


def _mqtt_connect(number: int) -> bytes:
    """MQTT 3.1.1, section 3.1: protocol name and level, clean session, keep alive 600 s, id."""
    name = f"client-{number:05}".encode()
    body = b"\x00\x04MQTT\x04\x02\x02\x58" + len(name).to_bytes(2, "big") + name
    return b"\x10" + bytes([len(body)]) + body


def _mqtt_subscribe(number: int) -> bytes:
    return _mqtt_connect(number) + b"\x82\x0c\x00\x01\x00\x07changes\x00"


def _mqtt_publish(_: int) -> bytes:
    body = b"\x00\x07changes" + TOLD
    return b"\x30" + bytes([len(body) % 128 + 128, len(body) // 128]) + body


def _nats_connect(number: int) -> bytes:
    return b'CONNECT {"verbose":false,"name":"client-%05d"}\r\nPING\r\n' % number


def _nats_subscribe(number: int) -> bytes:
    return b'CONNECT {"verbose":false,"name":"client-%05d"}\r\nSUB changes 1\r\nPING\r\n' % number


def _nats_publish(_: int) -> bytes:
    return b"PUB changes %d\r\n%b\r\n" % (len(TOLD), TOLD)


LASTSEEN = Wire(
    ping=PING_FRAME,
    pong=PONG_FRAME,
    client=lambda number: to_frame(register(number)),
    welcomed=_whole_frame,
    watcher=lambda _: to_frame(Watch()),
    watching=_whole_frame,
    change=lambda number: to_frame(SetAvailability("busy", note=f"in meeting {number}")),
    told=_whole_frame,
)

MQTT = Wire(
    ping=b"\xc0\x00",
    pong=b"\xd0\x00",
    client=_mqtt_connect,
    welcomed=lambda data: data == b"\x20\x02\x00\x00",
    watcher=_mqtt_subscribe,
    watching=lambda data: data == b"\x20\x02\x00\x00\x90\x03\x00\x01\x00",
    change=_mqtt_publish,
    told=lambda data: data == _mqtt_publish(0),
)

NATS = Wire(
    ping=b"PING\r\n",
    pong=b"PONG\r\n",
    client=_nats_connect,
    welcomed=lambda data: data.endswith(b"PONG\r\n"),
    watcher=_nats_subscribe,
    watching=lambda data: data.endswith(b"PONG\r\n"),
    change=_nats_publish,
    told=lambda data: data == b"MSG changes 1 %d\r\n%b\r\n" % (len(TOLD), TOLD),
    # It measures each client's round trip once, 2.0 to 2.4 s after the client came.
    unasked={b"PING\r\n": b"PONG\r\n"},
    settle=2.8,
)

ECHO = replace(LASTSEEN, pong=PING_FRAME)
"""Whoever only sends back what it received: the greeting, too."""
