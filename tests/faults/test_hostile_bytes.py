"""Bytes of chance at every door: each peer is answered or closed, and nobody else notices."""

import random
import socket
from contextlib import suppress
from typing import Any

import pytest

PEERS = 150
SEED = 8
SOON = 60.0

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
BEAT = (
    b"POST /api/clients/fuzz/heartbeat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
    b"Content-Type: application/json\r\n\r\n{}"
)
FRAME = b"\x00\x00\x00\x0b\x81\xa4type\xa4ping"
SPEECH = {
    "tcp": (b"", FRAME),
    "websocket": (HANDSHAKE, b"\x81\x8f\0\0\0\0" + b'{"type":"ping"}'),
    "http": (b"", BEAT),
}
"""What honest peers say first, and then again and again."""


def damaged(chance: random.Random, data: bytes) -> bytes:
    """The same with a few bytes changed, cut out, doubled or put in."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found) + 1)
        end = min(at + chance.randint(1, 8), len(found))
        found[at:end] = chance.choice(
            [b"", found[at:end] * 2, chance.randbytes(3), bytes(end - at), b"\xff" * 4]
        )
    return bytes(found)


def speeches(chance: random.Random, door: str) -> list[bytes]:
    """What hostile peers of a door say, one each."""
    if door == "http":
        return [
            chance.choice(
                [damaged(chance, BEAT), damaged(chance, HANDSHAKE), chance.randbytes(400)]
            )
            for _ in range(PEERS)
        ]
    greeting, usual = SPEECH[door]
    return [
        chance.choice(
            [
                greeting + chance.randbytes(chance.randint(1, 400)),
                greeting + damaged(chance, usual * 20),
                damaged(chance, greeting + usual),
                chance.randbytes(400),
            ]
        )
        for _ in range(PEERS)
    ]


class Peer:
    """Says something, and then hears until the server has had enough, or goes at once."""

    def __init__(self, port: int, data: bytes, *, ends: bool) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), SOON)
        self._hears = ends
        with suppress(ConnectionError):  # what was said first was enough
            self._socket.sendall(data)
            if ends:
                self._socket.shutdown(socket.SHUT_WR)

    def end(self) -> None:
        with self._socket, suppress(ConnectionError):
            while self._hears and self._socket.recv(1 << 16):
                pass


@pytest.mark.parametrize("door", ["tcp", "websocket", "http"])
def test_whatever_is_said_at_a_door_nobody_else_notices(
    steady: Any, honest: Any, faultless: Any, door: str
):
    http_port = int(steady.logged("listening")["page"].rpartition(":")[2].strip("/"))
    ports = {"tcp": steady.port, "websocket": steady.websocket_port, "http": http_port}
    clients = honest(steady, 5)
    peers = []
    waits = door != "http"  # which gives half a request 15 s
    for number, speech in enumerate(speeches(random.Random(SEED), door)):
        peers.append(Peer(ports[door], speech, ends=waits and number % 3 > 0))
        if number % 10 == 0:
            clients.ping()
    for peer in peers:
        peer.end()
    assert len(clients.survivors()) == 5
    faultless(steady)
