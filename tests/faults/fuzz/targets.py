"""What is fuzzed: for each door one function that takes any bytes, and raises only if a law breaks.

The laws: whatever comes is answered in a way that our own clients can read, or closed; nothing
crashes; a bystander is answered as ever; what is held for a peer has a bound. A refusal of settings
is one printable sentence.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct
from tests.server.links import conftest as links

from lastseen.server.config import load
from lastseen.server.errors import ConfigError
from lastseen.server.http.paths import client_id_in, routed
from lastseen.server.http.problems import Problem
from lastseen.server.http.stream import parse_event_id
from lastseen.shared.framing import FRAME_LIMIT, frame
from lastseen.shared.ipmsg.beacon import Beacon
from lastseen.shared.ipmsg.entry import Entry
from lastseen.shared.lan.conduct import Conduct, Habits, found_in
from lastseen.shared.messages import (
    GetStats,
    List,
    Ping,
    Pong,
    Register,
    SetAvailability,
    UpdateSettings,
    Watch,
)
from lastseen.shared.wire import PING_FRAME, to_frame, to_json

ROOT = Path(__file__).parents[3]

LONGEST_SENTENCE = 2_000
"""Characters of a refusal."""

SENDER = ("net", "192.0.2.9", 2425)


class Target(Struct, frozen=True):
    """A door, and inputs from which to begin."""

    check: Callable[[bytes], object]
    seeds: list[bytes]


# --- links: a whole server of real parts, on socket pairs


class House(links.House):
    """One that crashes itself where a server would end a connection that crashed."""

    def __init__(self) -> None:
        super().__init__()
        self.pump._end = self._crash
        self.bystander = self.register("bystander")

    @staticmethod
    def _crash(*_: object) -> None:
        raise  # noqa: PLE0704 - called in the pump's handler


def _pieces(data: bytes) -> Iterator[bytes]:
    """The first byte says how the rest is cut: whole, or in so many bytes."""
    size, data = (data[0] if data else 0) or len(data), data[1:]
    for start in range(0, len(data), max(size, 1)):
        yield data[start : start + size]


def _tell(house: House, peer: Any, data: bytes) -> None:
    try:
        for piece in _pieces(data):
            if peer.ended:
                break
            try:
                peer.say_bytes(piece)
            except BrokenPipeError:  # it was closed
                break
            house.settle([peer])
            peer.read()
        assert house.ask(house.bystander, Ping()) == [Pong()]
        peer.hang_up()
        house.settle()
        assert len(house.pump) == 1
    finally:
        house.demolish()


def tcp(data: bytes) -> None:
    """What a TCP peer says."""
    house = House()
    _tell(house, house.connect(), data)


def websocket(data: bytes) -> None:
    """What a browser says once its handshake is over."""
    house = House()
    _tell(house, house.browse(), data)


class _Stranger(links.Peer):
    """One that does not care in which words it is refused."""

    def read(self) -> list[Any]:
        while not self.ended:
            try:
                self.ended = not self.socket.recv(1 << 20)
            except BlockingIOError:
                break
        return []


def handshake(data: bytes) -> None:
    """What somebody says at the door for browsers."""
    house = House()
    arrived = house.arrive()
    _tell(house, _Stranger(arrived.socket), data)


# --- the LAN, paths, settings


def datagrams(data: bytes) -> None:
    """Datagrams, each ended by a line `--`."""
    conduct = Conduct(Entry("u", "h"), Beacon(), Habits(), 1, lambda: 0.5)
    for number, datagram in enumerate(data.split(b"\n--\n")):
        outcome = conduct.receive(datagram, SENDER, float(number), own=False)
        assert outcome.answer is None or outcome.answer.data
        found_in(datagram)


def paths(data: bytes) -> None:
    """A path of HTTP, and an id of an event."""
    path = routed(data, "")
    if path is not None:
        with suppress(Problem):
            client_id_in(path.rpartition("/")[2])
    parse_event_id(data.decode("latin-1"))


def settings(data: bytes) -> None:
    """A file of settings."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").exists() else None) as at:  # noqa: S108
        path = Path(at, "config.toml")
        path.write_bytes(data)
        try:
            load(path, {})
        except ConfigError as error:
            sentence = str(error)
            assert sentence.isprintable(), ascii(sentence)
            assert 0 < len(sentence) < LONGEST_SENTENCE


MESSAGES = [
    Register("web-01", "Name", "host", ("a", "b"), {"k": 1, "v": 2.5}, "i"),
    Ping(),
    SetAvailability("busy", "a note"),
    List("all", "a", "x", "tcp", 5, "web", request_id=7),
    Watch("epoch", 5),
    UpdateSettings(20, 60, {"websocket.ping_interval": 3}),
    GetStats(request_id=1),
]

BROWSER = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Origin: http://localhost:8082\r\nSec-WebSocket-Protocol: lastseen.msgpack\r\n\r\n"
)


def _masked(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    head = bytes([0x80 | opcode, 0x80 | min(size, 126)])
    return head + (size.to_bytes(2, "big") if size > 125 else b"") + bytes(4) + payload


SETTINGS = [
    b"""
[server]
port = 8080
heartbeat_interval = 60
host = "0.0.0.0"
""",
    b"""
[http]
base_path = "/a"
public_url = "https://x.example/a"
[store]
url = "none"
""",
    b"""
[[notify.webhook]]
name = "a"
url = "https://x.example/"
secret = "whsec_"
""",
    b"""
[lan]
enabled = true
bind = "10.0.0.1"
broadcast = ["10.0.0.255"]
legacy_encoding = "gbk"
""",
    b"""
[websocket]
origins = ["https://a.example"]
path = "/ws"
missed_pongs = 2
""",
]

TARGETS = {
    "tcp": Target(
        tcp,
        [
            b"\0" + b"".join(map(to_frame, MESSAGES)),
            *(b"\3" + to_frame(message) for message in MESSAGES),
            b"\0" + PING_FRAME * 5,
            b"\0" + (FRAME_LIMIT + 1).to_bytes(4, "big"),
            b"\0" + frame(b"\x91" * 500),
        ],
    ),
    "websocket": Target(
        websocket,
        [
            b"\0" + b"".join(_masked(1, to_json(message)) for message in MESSAGES),
            *(b"\5" + _masked(1, to_json(message)) for message in MESSAGES),
            b"\0" + _masked(9, b"?") + _masked(10, b"") + _masked(8, b"\x03\xe8"),
            b"\0" + b'\x01\x85\0\0\0\0{"typ' + b'\x80\x87\0\0\0\0e":1}',
        ],
    ),
    "handshake": Target(handshake, [b"\0" + BROWSER, b"\7" + BROWSER + _masked(1, b"{}")]),
    "datagrams": Target(
        datagrams,
        [
            b"1:7:ann:pc:1:Ann\0Lab",
            b"1:7:ann:pc:16777219:Ann\0Lab\0\nUN:ann\nHN:pc\nNN:Ann\nGN:Lab\n",
            b"1:8:ann:pc:2:Ann\n--\n1:9:ann:pc:6291457:Ann: [away]\0Lab",
            b"1:7:ann:pc:3:\xb0\xa1\0",
            b"1:7:a:b:1:lastseen\0\0\nUN:a\nHN:b\nNN:lastseen\nGN:\n",
        ],
    ),
    "paths": Target(
        paths, [b"/api/clients/lan%3A10.0.0.7%2Fann/events?limit=1", b"epoch:12", b"/%2e%2e//%ff"]
    ),
    "settings": Target(settings, [(ROOT / "config.toml").read_bytes()[:3000], *SETTINGS]),
}
