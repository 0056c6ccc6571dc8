"""How clients that fall silent come and are told of, as bytes, for `detection_load`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from benchmarks.wires import LASTSEEN, MQTT

from lastseen.shared.framing import Framer
from lastseen.shared.messages import Diff
from lastseen.shared.wire import from_server

News = tuple[str, Literal["late", "gone"]]
"""A client_id, and what a watcher was told of it."""

Listener = Callable[[bytes], list[News]]
"""Takes what a watcher received next, and says what is new in it."""

TIMEOUT = 20
"""lastseen: connection_timeout, in seconds."""

KEEP_ALIVE = 10
"""MQTT: seconds. The server must disconnect a client that is silent for 1.5 times as long
(MQTT 3.1.1, 3.1.2.10)."""


@dataclass(frozen=True)
class Losing:
    """One protocol, as far as clients are lost and told of.

    Attributes:
        client: What a client of this number says first, so that its loss will be told; `welcomed`,
            whether the answer is whole.
        watcher: What a watcher says first; `watching`, whether the answer is whole.
        listener: Makes one that understands what the watcher is told.
        deadline: Seconds of silence after which a client is to be given up on.
    """

    client: Callable[[int], bytes]
    welcomed: Callable[[bytes], bool]
    watcher: bytes
    watching: Callable[[bytes], bool]
    listener: Callable[[], Listener]
    deadline: float


def _diffs() -> Listener:
    framer = Framer()

    def listen(data: bytes) -> list[News]:
        news: list[News] = []
        for payload in framer.feed(data):
            message = from_server.decode(payload)
            if isinstance(message, Diff):
                news += [(record.client_id, "gone") for record in message.leaves]
                present = [*message.joins, *message.updates]
                news += [
                    (record.client_id, "late") for record in present if record.status == "late"
                ]
        return news

    return listen


_TOPIC = b"gone"
_PUBLISH, _SUBSCRIBE, _CONNECT = b"\x30", b"\x82", b"\x10"
_WILL_AND_CLEAN = b"\x06"


def _text(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text


def _packet(kind: bytes, body: bytes) -> bytes:
    """An MQTT packet of less than 128 bytes."""
    return kind + bytes([len(body)]) + body


def _with_will(number: int) -> bytes:
    """MQTT 3.1.1, section 3.1: a client whose name is published when it is lost."""
    name = f"client-{number:05}".encode()
    head = _text(b"MQTT") + b"\x04" + _WILL_AND_CLEAN + KEEP_ALIVE.to_bytes(2, "big")
    return _packet(_CONNECT, head + _text(name) + _text(_TOPIC) + _text(name))


def _subscriber() -> bytes:
    return MQTT.client(99_999) + _packet(_SUBSCRIBE, b"\x00\x01" + _text(_TOPIC) + b"\x00")


def _wills() -> Listener:
    held = b""

    def listen(data: bytes) -> list[News]:
        nonlocal held
        held += data
        news: list[News] = []
        while len(held) > 1 and len(held) >= 2 + held[1]:
            packet, held = held[: 2 + held[1]], held[2 + held[1] :]
            if packet[:1] == _PUBLISH:
                news.append((packet[4 + len(_TOPIC) :].decode(), "gone"))
        return news

    return listen


LOSING = {
    "lastseen": Losing(
        client=LASTSEEN.client,
        welcomed=LASTSEEN.welcomed,
        watcher=LASTSEEN.watcher(0),
        watching=LASTSEEN.watching,
        listener=_diffs,
        deadline=TIMEOUT,
    ),
    "mqtt": Losing(
        client=_with_will,
        welcomed=MQTT.welcomed,
        watcher=_subscriber(),
        watching=MQTT.watching,
        listener=_wills,
        deadline=1.5 * KEEP_ALIVE,
    ),
}
"""By the name of the wire."""
