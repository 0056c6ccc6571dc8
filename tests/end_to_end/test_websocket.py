"""Browsers' way in, by real processes: who is stopped is found out, a stopped server blames itself,
and TCP clients and WebSockets see each other.
"""

import json
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import trio
from websockets.exceptions import ConnectionClosed
from websockets.trio.client import connect

SOON = 60
STOPPED = 3.5  # seconds: many ping_intervals of the server below
FAST_PINGS = {"port": 0, "ping_interval": 0.4}

CLIENT = """
import json, sys
from websockets.sync.client import connect
from websockets.exceptions import ConnectionClosed
with connect(sys.argv[1], ping_interval=None) as ws:
    ws.send(json.dumps({"type": "register", "client_id": sys.argv[2]}))
    print(ws.recv(), flush=True)
    try:
        while True:
            print(ws.recv(), flush=True)
    except ConnectionClosed as closed:
        print(closed.rcvd.code, closed.rcvd.reason, flush=True)
"""

REQUEST = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

Start = Callable[..., Any]


def url(server: Any) -> str:
    return f"ws://127.0.0.1:{server.websocket_port}/ws"


def open_socket(server: Any) -> Any:
    return connect(url(server), ping_interval=None, compression=None)


async def ask(ws: Any, **message: Any) -> dict[str, Any]:
    await ws.send(json.dumps(message))
    answer: dict[str, Any] = json.loads(await ws.recv())
    return answer


@pytest.fixture
def start_page() -> Any:
    """Starts a process that registers by WebSocket and prints what it is told."""
    started: list[subprocess.Popen[str]] = []

    def start_page(server: Any, client_id: str) -> subprocess.Popen[str]:
        command = (sys.executable, "-c", CLIENT, url(server), client_id)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["type"] == "registered"
        return process

    yield start_page
    for process in started:
        process.kill()
        process.wait(SOON)
        assert process.stdout is not None
        process.stdout.close()


def test_a_stopped_client_is_closed_after_two_missed_pongs(start: Start, start_page: Any):
    server = start(websocket=FAST_PINGS, server={"connection_timeout": 30})
    stopped, well = start_page(server, "stopped"), start_page(server, "well")
    stopped.send_signal(signal.SIGSTOP)
    event = server.logged("heartbeat timeout")
    assert (event["client_id"], event["unanswered"]) == ("stopped", 2)
    assert event["silence"] >= 0.7
    server.logged("client offline", client_id="stopped", reason="closed")
    stopped.send_signal(signal.SIGCONT)
    goodbye, close = stopped.stdout.readline(), stopped.stdout.readline()
    assert json.loads(goodbye) == {"type": "goodbye", "reason": "timeout", "reconnect": True}
    assert close == "4008 heartbeat timeout\n"
    assert well.poll() is None
    assert not server.events("heartbeat timeout", client_id="well")


async def test_a_stopped_server_closes_nobody(start: Start):
    server = start(websocket=FAST_PINGS)
    with trio.fail_after(SOON + STOPPED):
        async with AsyncExitStack() as stack:
            sockets = [await stack.enter_async_context(open_socket(server)) for _ in range(20)]
            for number, ws in enumerate(sockets):
                await ask(ws, type="register", client_id=f"page-{number}")
            server.signal(signal.SIGSTOP)
            await trio.sleep(STOPPED)  # the stall itself: there is no condition to wait for
            server.signal(signal.SIGCONT)
            server.logged("the server stalled; deadlines move by as much")
            await trio.sleep(3 * FAST_PINGS["ping_interval"])  # and turns of the heartbeat
            for ws in sockets:
                assert await ask(ws, type="ping") == {"type": "pong"}
    assert not server.events("heartbeat timeout")
    assert [e for e in server.events("client offline") if e["reason"] != "left"] == []


async def test_at_a_shutdown_each_is_told_goodbye_and_closed_as_going_away(start: Start):
    server = start(websocket=FAST_PINGS)
    with trio.fail_after(SOON):
        async with AsyncExitStack() as stack:
            sockets = [await stack.enter_async_context(open_socket(server)) for _ in range(20)]
            for number, ws in enumerate(sockets):
                await ask(ws, type="register", client_id=f"page-{number}")
            server.signal(signal.SIGTERM)
            for ws in sockets:
                goodbye = json.loads(await ws.recv())
                assert (goodbye["type"], goodbye["reason"]) == ("goodbye", "shutdown")
                assert goodbye["reconnect"]
                with pytest.raises(ConnectionClosed) as closed:
                    await ws.recv()
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1001
    assert server.wait() == 0
    assert not server.events("client offline")


async def test_tcp_clients_and_websockets_see_each_other(
    start: Start, wire: Callable[..., Any], start_client: Callable[..., Any]
):
    # Patient: as long as the other client starts, nobody here answers pings.
    server = start(server={"heartbeat_interval": 60, "connection_timeout": 120})
    with trio.fail_after(SOON):
        async with open_socket(server) as ws:
            await ask(ws, type="register", client_id="page-1", groups=["web"])
            assert (await ask(ws, type="watch"))["type"] == "client_list"
            start_client(server, "tcp-1")
            joined = {}
            while "tcp-1" not in joined:
                diff = json.loads(await ws.recv())
                joined |= {record["client_id"]: record for record in diff.get("joins", [])}
            found = wire(server).list_all()
            assert (found["page-1"].via, found["tcp-1"].via) == ("websocket", "tcp")
            assert found["page-1"].groups == ("web",)
        assert server.logged("client offline", client_id="page-1")["reason"] == "left"


def test_the_heartbeat_is_turned_on_by_a_reload(start: Start):
    server = start(websocket={"port": 0, "ping_interval": 0})
    assert server.logged("the heartbeat is off")["why"] == "websocket.ping_interval is 0"
    with socket.create_connection(("127.0.0.1", server.websocket_port), SOON) as silent:
        silent.sendall(REQUEST)
        assert b" 101 " in silent.recv(4096)
        settings = tomllib.loads(server.config.read_text())
        settings["websocket"]["ping_interval"] = 0.2
        server.write(settings)
        server.signal(signal.SIGHUP)
        assert server.logged("settings reloaded")["applied"] == "websocket.ping_interval"
        assert server.logged("heartbeat timeout")["unanswered"] == 2
        assert silent.recv(4096).startswith(b"\x89\x00")


def test_where_it_is_off_nothing_listens_and_the_log_says_so(start: Start):
    server = start(websocket={"enabled": False}, ready=False)
    assert server.logged("listening")["websocket"] == "off"
