"""HTTP/2 without TLS is not spoken, whichever way it is asked for: by the bytes on the socket."""

import socket
from base64 import urlsafe_b64encode
from typing import Any

import trio

Served = Any

SETTINGS = b"\x00\x03\x00\x00\x00\x64\x00\x04\x00\x00\x00\x00"  # 100 streams, no window
FRAME = b"\x00\x00\x0c\x04\x00\x00\x00\x00\x00" + SETTINGS
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
UPGRADE = (
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
    b"Upgrade: h2c\r\nHTTP2-Settings: " + urlsafe_b64encode(SETTINGS) + b"\r\n\r\n"
)


async def whole_answer(stream: trio.SocketStream) -> bytes:
    """All that is said until the server closes."""
    return b"".join([chunk async for chunk in stream])


async def test_who_begins_with_the_preface_is_refused_and_closed(served: Served):
    async with served.connect() as stream:
        await stream.send_all(PREFACE + FRAME)
        answer = await whole_answer(stream)
    assert answer.startswith(b"HTTP/1.1 505")
    assert b"connection: close" in answer.lower()


async def test_nor_does_a_preface_in_pieces_keep_a_seat(served: Served):
    async with served.connect() as stream:
        for byte in PREFACE[:18]:
            await stream.send_all(bytes([byte]))
            await trio.lowlevel.checkpoint()
        assert (await whole_answer(stream)).startswith(b"HTTP/1.1 505")
    with trio.fail_after(5):
        while len(served.server):  # noqa: ASYNC110 - it tells nobody
            await trio.sleep(0.01)


async def test_who_asks_for_an_upgrade_is_answered_as_it_asked(served: Served):
    async with served.connect() as stream:
        for _ in range(2):
            await stream.send_all(UPGRADE)
            answer = await stream.receive_some(65_536)
            while b'{"status":"ok"}' not in answer:
                answer += await stream.receive_some(65_536)
            assert answer.startswith(b"HTTP/1.1 200")
            assert b"101" not in answer.partition(b"\r\n")[0]
            assert b"upgrade" not in answer.lower()


async def test_a_version_that_is_none_is_refused(served: Served):
    async with served.connect() as stream:
        await stream.send_all(b"GET /healthz HTTP/3.0\r\nHost: localhost\r\n\r\n")
        assert (await whole_answer(stream)).startswith(b"HTTP/1.1 505")


async def test_http_1_0_is_spoken(served: Served):
    async with served.connect() as stream:
        await stream.send_all(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert b'{"status":"ok"}' in await whole_answer(stream)


async def test_an_ipv4_peer_of_an_ipv6_socket_has_its_ipv4_address(served: Served):
    async with served.connect(over_ipv6_socket=True) as stream:
        assert stream.socket.family is socket.AF_INET
        await stream.send_all(
            b"POST /api/clients/a/heartbeat HTTP/1.1\r\nHost: localhost\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert b'"address":"127.0.0.1:' in await whole_answer(stream)
