"""Connections over real sockets: served, bounded, and given up when they do not read."""

import socket
import struct
from contextlib import AsyncExitStack
from typing import Any

import pytest
import trio
import trio.testing
from msgspec.structs import replace

from lastseen.server.config import Config
from lastseen.server.http import serving
from lastseen.server.http.serving import HttpServer, PatientStream

HTTP = Config().http


Served = Any

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_requests_are_answered_one_after_the_other_on_one_connection(served: Served):
    async with served.connect() as stream:
        for _ in range(3):
            await stream.send_all(REQUEST)
            answer = await stream.receive_some(65536)
            while b'{"status":"ok"}' not in answer:
                answer += await stream.receive_some(65536)
            assert answer.startswith(b"HTTP/1.1 200")
            assert b"server:" not in answer.lower()


async def answered(stream: trio.SocketStream) -> None:
    await stream.send_all(REQUEST)
    answer = b""
    while b'{"status":"ok"}' not in answer:
        received = await stream.receive_some(65536)
        assert received, "the server closed the connection"
        answer += received


async def all_closed(served: Served) -> None:
    while len(served.server):  # noqa: ASYNC110 - the server counts, and tells no event
        await trio.sleep(0.01)


async def watch(stream: trio.SocketStream) -> None:
    """Read the event stream: a connection that is never idle."""
    await stream.send_all(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    told = b""
    while b"event: clients" not in told:
        told += await stream.receive_some(65536)


async def test_a_connection_that_its_peer_closed_is_closed_at_once(served: Served):
    async with served.connect() as stream:
        await answered(stream)
    with trio.fail_after(5):  # the keep-alive timeout is 15 s
        await all_closed(served)


async def test_a_stream_that_its_peer_reset_is_free_at_once(served: Served):
    stream = served.connect()
    await watch(stream)
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await stream.aclose()
    with trio.fail_after(5):
        await all_closed(served)
    assert len(served.house.readers) == 0


async def test_the_connection_that_is_idle_longest_gives_way_to_a_new_one(served: Served):
    served.server.limit(2)
    async with served.connect() as first, served.connect() as second:
        await answered(second)
        await answered(first)
        async with served.connect() as third:
            await answered(third)
            assert await second.receive_some(65536) == b""
            await answered(first)


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"POST /api/clients/backup/heartbeat", b"201"),
        (b"GET /healthz", b"200"),
        (b"GET /api/clients", b"503"),
        (b"GET /", b"503"),
    ],
)
async def test_heartbeats_and_health_checks_are_refused_last(
    request_line: bytes, status: bytes, served: Served
):
    served.server.limit(10)
    served.house.readers.most = 10
    async with AsyncExitStack() as stack:
        for _ in range(9):
            await watch(await stack.enter_async_context(served.connect()))
        last = await stack.enter_async_context(served.connect())
        await last.send_all(request_line + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await last.receive_some(65536)).startswith(b"HTTP/1.1 " + status)


async def test_one_connection_too_many_is_refused_with_a_sentence_and_counted(served: Served):
    served.server.limit(1)
    served.house.readers.most = 1
    async with served.connect() as first:
        await watch(first)
        async with served.connect() as second:
            answer = b"".join([chunk async for chunk in second])
        assert len(served.server) == 1
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"retry-after: 30" in head
    assert f"content-length: {len(body)}".encode() in head
    assert b'"code":"too_many_connections"' in body
    assert b"1 HTTP connections are open" in body
    assert served.house.presence.refusals.counts == {"too_many_connections": 1}


@pytest.mark.parametrize(
    ("streams", "watchers", "code"), [(0, 10, b"busy"), (10, 0, b"too_many_watchers")]
)
async def test_one_stream_too_many_is_refused_and_counted(
    served: Served, streams: int, watchers: int, code: bytes
):
    served.house.readers.most = streams
    config = served.house.steering.config
    served.house.steering.config = replace(
        config, server=replace(config.server, max_watchers=watchers)
    )
    async with served.connect() as stream:
        await stream.send_all(b"GET /api/events HTTP/1.0\r\nHost: localhost\r\n\r\n")
        answer = b"".join([chunk async for chunk in stream])
    assert answer.startswith(b"HTTP/1.1 503")
    assert b'"code":"' + code + b'"' in answer
    assert served.house.presence.refusals.counts == {code.decode(): 1}


async def test_one_that_crashes_ends_alone_and_is_logged(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    async def crash(*_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(serving, "Http1Server", crash)
        async with served.connect() as stream:
            assert await stream.receive_some(10) == b""
    assert "an HTTP connection crashed" in capsys.readouterr().err
    async with served.connect() as stream:
        await stream.send_all(REQUEST)
        assert (await stream.receive_some(100)).startswith(b"HTTP/1.1 200")


async def test_when_it_stops_streams_end_and_nobody_is_let_in(served: Served):
    async with served.connect() as stream:
        await stream.send_all(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        told = await stream.receive_some(65536)
        while b"event: clients" not in told:
            told += await stream.receive_some(65536)
        await served.server.stop()
        while more := await stream.receive_some(65536):
            told += more
        assert b"event: goodbye" in told
        assert b'"reason":"shutdown"' in told
        assert len(served.server) == 0
        async with served.connect() as late:
            assert await late.receive_some(10) == b""


async def test_a_peer_that_takes_nothing_breaks_its_link(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(serving, "PATIENCE", 0.05)
    ours, theirs = trio.socket.socketpair()
    with ours, theirs:
        stream = PatientStream(trio.SocketStream(ours))
        with trio.CancelScope(shield=True), pytest.raises(trio.BrokenResourceError):
            await stream.send_all(b"x" * 10_000_000)


async def test_and_is_closed_so_that_nobody_waits_for_its_next_request(
    monkeypatch: pytest.MonkeyPatch, nursery: trio.Nursery
):
    monkeypatch.setattr(serving, "PATIENCE", 0.1)
    ours, theirs = trio.socket.socketpair()
    stream = PatientStream(trio.SocketStream(ours))
    woken = trio.Event()

    async def read() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await stream.receive_some()
        woken.set()

    nursery.start_soon(read)
    with pytest.raises(trio.BrokenResourceError):
        await stream.send_all(bytes(10_000_000))
    with trio.fail_after(10):
        await woken.wait()
    theirs.close()


async def test_a_send_is_given_up_though_it_is_shielded(nursery: trio.Nursery):
    ours, theirs = trio.socket.socketpair()
    with ours, theirs:
        stream = PatientStream(trio.SocketStream(ours))
        ended = trio.Event()

        async def send() -> None:
            with trio.CancelScope(shield=True), pytest.raises(trio.BrokenResourceError):
                await stream.send_all(b"x" * 10_000_000)
            ended.set()

        nursery.start_soon(send)
        await trio.testing.wait_all_tasks_blocked()
        stream.give_up()
        with trio.fail_after(5):
            await ended.wait()
        with pytest.raises(trio.BrokenResourceError):
            await stream.send_all(b"more")


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "http://127.0.0.1:8082/"),
        ({"host": "::1", "base_path": "/seen"}, "http://[::1]:8082/seen/"),
        ({"host": "0.0.0.0"}, "http://localhost:8082/"),  # noqa: S104
        ({"public_url": "https://hub.example/seen/"}, "https://hub.example/seen/"),
    ],
)
async def test_the_page_is_where_people_find_it(changes: Any, url: str, house: Any):
    assert HttpServer(house.app, house.readers, replace(HTTP, **changes)).url == url
