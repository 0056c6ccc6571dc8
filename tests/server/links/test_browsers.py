"""The door for WebSockets, by real sockets: the library's own client is served, and whatever else
comes hurts nobody.
"""

import random
import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import CTRL_OPCODES, Frame, Opcode
from websockets.trio.client import connect

from lastseen.server.links.listener import accept, bind, listen
from lastseen.shared.messages import Goodbye, Ping, Pong, Register
from lastseen.shared.wire import json_from_server, to_json

SOON = 60  # seconds: no test takes so long, unless it hangs
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset

REQUEST = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@pytest.fixture
async def serving(house: Any, nursery: trio.Nursery) -> Any:
    """The port of a house that listens and whose pump turns."""
    (listener,) = bind(["127.0.0.1"], 0)
    listen(listener)
    nursery.start_soon(accept, listener, house.browsers.admit)

    async def turn() -> None:
        while True:
            await trio.lowlevel.wait_readable(house.poller.fileno())
            house.pump.turn()

    nursery.start_soon(turn)
    with trio.fail_after(SOON):
        yield listener.getsockname()[1]
    nursery.cancel_scope.cancel()
    listener.close()


async def say(ws: Any, *messages: Any) -> list[Any]:
    """Say these, and hear as many."""
    for message in messages:
        await ws.send(to_json(message).decode())
    return [json_from_server.decode((await ws.recv()).encode()) for _ in messages]


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_the_library_s_own_client_is_served(serving: int, house: Any, compression: Any):
    url = f"ws://127.0.0.1:{serving}/ws"
    async with connect(
        url, subprotocols=["lastseen.json"], compression=compression, ping_interval=0.1
    ) as ws:
        assert ws.subprotocol == "lastseen.json"
        assert ws.protocol.extensions == []
        registered, pong = await say(ws, Register("page-1"), Ping())
        assert (registered.client_id, pong) == ("page-1", Pong())
        await trio.sleep(0.3)  # its pings are answered meanwhile, or it would close
        assert await say(ws, Ping()) == [Pong()]
    assert ws.protocol.close_code == 1000
    assert house.reason("page-1") == "left"


async def test_a_dismissal_is_read_whole_before_the_end(serving: int, house: Any):
    async with connect(f"ws://127.0.0.1:{serving}/ws") as ws:
        await say(ws, Register("page-1"))
        house.reception._connections()[0].dismiss(Goodbye("shutdown", reconnect=True))
        assert json_from_server.decode((await ws.recv()).encode()).reason == "shutdown"
        with pytest.raises(ConnectionClosed) as closed:
            await ws.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "shutdown")


async def test_a_refusal_is_http_that_the_library_reads(serving: int):
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{serving}/other").__aenter__()
    assert refused.value.response.status_code == 404
    assert b"/ws" in refused.value.response.body


async def still_well(port: int, bystander: Any) -> None:
    """One that was there before is served, and so is one that comes now."""
    assert await say(bystander, Ping()) == [Pong()]
    async with connect(f"ws://127.0.0.1:{port}/ws") as ws:
        assert await say(ws, Ping()) == [Pong()]


async def test_resets_in_the_handshake_hurt_nobody(serving: int, house: Any):
    async with connect(f"ws://127.0.0.1:{serving}/ws") as bystander:
        for cut in (0, 1, 20, len(REQUEST) - 1, len(REQUEST)):
            for junk in (b"", b"\x16\x03\x01", b"GET /other HTTP/1.1\r\n\r\n", b"\xff" * 3000):
                sock = socket.create_connection(("127.0.0.1", serving))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                sock.send(REQUEST[:cut] + junk)
                await trio.sleep(random.choice([0, 0.002]))
                sock.close()
        await still_well(serving, bystander)
        await until(lambda: len(house.pump) <= 2)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - it tells nobody
        await trio.sleep(0.005)


def frame(opcode: Opcode, payload: bytes, fin: bool) -> bytes:
    return Frame(opcode, payload, fin or opcode in CTRL_OPCODES).serialize(mask=True)


HOSTILE = st.lists(
    st.builds(
        frame,
        st.sampled_from(list(Opcode)),
        st.binary(max_size=125) | st.just(b'{"type":"ping"}'),
        st.booleans(),
    )
    | st.binary(max_size=40)
    | st.sampled_from(
        [
            b"\x81\xff" + struct.pack("!Q", 64 * 1024 * 1024),
            b"\x82\xff" + b"\xff" * 8,
            b"\x81\xfe\xff\xff" + bytes(2000),
            REQUEST,
        ]
    ),
    max_size=6,
)


def told(sock: socket.socket) -> bytes:
    try:
        return sock.recv(1 << 20)
    except BlockingIOError:
        return b""


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=HOSTILE, opened=st.booleans())
def test_whatever_comes_ends_that_link_or_is_answered_and_nobody_is_hurt(
    house: Any, pieces: list[bytes], opened: bool
):
    bystander = house.browse()
    peer = house.arrive()
    if opened:
        peer.say_bytes(REQUEST)
        house.settle()
        peer.socket.recv(4096)
    for piece in pieces:
        peer.say_bytes(piece)
        house.settle()
    assert house.ask(bystander, Ping()) == [Pong()]
    assert b"internal_error" not in told(peer.socket)  # it did not crash, that is
    peer.hang_up()
    bystander.hang_up()
    house.settle()
    assert len(house.pump) == 0


async def test_64_mb_announced_are_refused_before_they_are_kept(serving: int):
    with socket.create_connection(("127.0.0.1", serving)) as sock:
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
        await stream.send_all(REQUEST)
        assert b" 101 " in await stream.receive_some()
        await stream.send_all(b"\x81\xff" + struct.pack("!Q", 64 << 20) + b"mask")
        heard = b"".join([chunk async for chunk in stream])
        assert b"frame_too_long" in heard
        assert heard.endswith(b"frame_too_long")  # the words of the closing frame
        assert struct.pack("!H", 1009) in heard


async def test_a_peer_that_does_not_close_is_closed_and_one_that_does_is_gone(
    serving: int, house: Any
):
    with socket.create_connection(("127.0.0.1", serving)) as sock:
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
        await stream.send_all(REQUEST)
        await stream.receive_some()
        await stream.send_all(b"\x88\x80mask")
        heard = b"".join([chunk async for chunk in stream])
        assert heard == b"\x88\x00"
    await until(lambda: len(house.pump) == 0)
