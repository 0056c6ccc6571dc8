"""Five thousand peers that say a byte now and then: honest clients are served as ever, and the
others are gone within the time that each door gives.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.request import urlopen

import pytest
from websockets.sync.client import connect

AT_EACH_DOOR = {"tcp": 2_500, "websocket": 1_500, "http": 1_000}

SAID = {
    "tcp": b"\x00\x00\x0f\xff\x81" + bytes(4_000),
    "websocket": b"GET /ws HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 4_000,
    "http": b"GET /api/clients HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 4_000,
}
"""Whole only in an hour."""

AT_ONCE = 50
"""Slow peers that say a byte between two pings."""

HELLO, KEEP_ALIVE = 12.0, 15.0
"""Seconds in which a link must have said something and be gone if it has not, and those that HTTP
waits for a request.
"""

PATIENCE = max(HELLO, KEEP_ALIVE) + 30
"""Seconds until all are gone, on a busy machine."""

P99 = 1.0
"""Seconds within which 99 of 100 honest pings are answered, on any machine; measured on a busy one:
12 ms.
"""


class Slow:
    """Peers of one door that drip."""

    def __init__(self, port: int, said: bytes, count: int) -> None:
        self._said = said
        self._at = 0
        self.open = [self._connect(port, number) for number in range(count)]

    @staticmethod
    def _connect(port: int, number: int) -> socket.socket:
        peer = socket.socket()
        peer.bind((f"127.0.1.{1 + number // 1000}", 0))
        peer.connect(("127.0.0.1", port))
        peer.setblocking(False)
        return peer

    def drip(self) -> Iterator[None]:
        """Each says one more byte, in portions; who was closed is forgotten."""
        byte = self._said[self._at : self._at + 1]
        self._at += 1
        still = []
        for number, peer in enumerate(self.open):
            if _says(peer, byte):
                still.append(peer)
            else:
                peer.close()
            if number % AT_ONCE == 0:
                yield
        self.open = still


def _says(peer: socket.socket, byte: bytes) -> bool:
    try:
        with suppress(BlockingIOError):
            if not peer.recv(4096):  # it is being closed
                return False
        peer.send(byte)
    except OSError:
        return False
    return True


@pytest.fixture
def slow(many_files: None) -> Iterator[Any]:  # noqa: ARG001 - so many are opened
    """Starts slow peers; all are gone in the end."""
    crowds: list[Slow] = []

    def slow(port: int, said: bytes, count: int) -> Slow:
        crowds.append(Slow(port, said, count))
        return crowds[-1]

    yield slow
    for crowd in crowds:
        for peer in crowd.open:
            peer.close()


def test_honest_clients_are_served_as_ever_and_the_slow_are_gone_in_time(
    steady: Any, honest: Any, wire: Any, slow: Any, faultless: Any
):
    page = steady.logged("listening")["page"]
    http_port = int(page.rpartition(":")[2].strip("/"))
    ports = {"tcp": steady.port, "websocket": steady.websocket_port, "http": http_port}
    clients = honest(steady, 20)
    crowds = [slow(ports[door], SAID[door], count) for door, count in AT_EACH_DOOR.items()]
    delays: list[float] = []
    began = time.monotonic()
    for _ in range(3):
        for crowd in crowds:
            for _ in crowd.drip():
                delays += clients.ping()
    newcomers_are_let_in(steady, wire, page)
    while any(crowd.open for crowd in crowds):
        assert time.monotonic() < began + PATIENCE, [len(crowd.open) for crowd in crowds]
        for crowd in crowds:
            for _ in crowd.drip():
                delays += clients.ping()
        time.sleep(0.2)
    p99 = sorted(delays)[int(len(delays) * 0.99)]
    print(f"{len(delays)} honest pings, p99 {p99 * 1000:.2f} ms")  # noqa: T201 - pytest -rA shows it
    assert p99 < P99
    assert len(clients.survivors()) == 20
    newcomers_are_let_in(steady, wire, page)
    faultless(steady)


def newcomers_are_let_in(server: Any, wire: Any, page: str) -> None:
    """By every door, whoever else stands there."""
    assert wire(server).register("newcomer").client_id == "newcomer"
    with connect(f"ws://127.0.0.1:{server.websocket_port}/ws") as ws:
        ws.send('{"type":"ping"}')
        assert ws.recv(30) == '{"type":"pong"}'
    with urlopen(f"{page}healthz", timeout=30) as answer:  # noqa: S310 - loopback
        assert answer.status == 200
