"""Connections that only receive, and whose network is cut without a reset.

The server has data for them that is never acknowledged, so keepalive does not run. It must not
count them for much longer than two minutes all the same.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end import conftest as base
from tests.faults.test_partitions import Far, network

from lastseen.server.links.listener import UNACKNOWLEDGED_FOR

__all__ = ["network"]

pytestmark = pytest.mark.slow

EACH = 3
"""Connections of each kind."""

BUSY = 25.0
"""Seconds until the first byte is unacknowledged (a comment every 15 s), and for a busy machine."""

READERS = """
import sys, trio
from lastseen.shared.messages import Watch
from lastseen.shared.wire import to_frame
from websockets.trio.client import connect
HOST, EACH = sys.argv[1], int(sys.argv[2])
EVENTS = f"GET /api/events HTTP/1.1\\r\\nHost: {HOST}\\r\\n\\r\\n".encode()
async def read(port, data):
    async with await trio.open_tcp_stream(HOST, port) as stream:
        await stream.send_all(data)
        async for _ in stream:
            pass
async def read_websocket():
    async with connect(f"ws://{HOST}:8081/ws") as socket:
        await socket.send('{"type":"watch"}')
        async for _ in socket:
            pass
async def main():
    async with trio.open_nursery() as nursery:
        for _ in range(EACH):
            nursery.start_soon(read, 8080, to_frame(Watch()))
            nursery.start_soon(read, 8082, EVENTS)
            nursery.start_soon(read_websocket)
trio.run(main)
"""

CHURN = """
import sys, trio
from lastseen.client import connect
async def main():
    async with connect(sys.argv[1], client_id="churn") as presence:
        while True:
            await presence.set_availability("away")
            await trio.sleep(1)
            await presence.set_availability("available")
            await trio.sleep(1)
trio.run(main)
"""
"""Changes something every second, so that there is always something to send."""


@pytest.fixture
def far(network: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Far]:
    """A server on host 1 that listens on all three ports, and pings no WebSocket."""
    host = network.host(1)
    server = Far(
        tmp_path,
        host,
        server={"heartbeat_interval": 60, "connection_timeout": 600},
        websocket={
            "enabled": True,
            "host": network.host(1).address,
            "port": 8081,
            "ping_interval": 0,
        },
        http={"enabled": True, "host": network.host(1).address, "port": 8082},
    )
    request.node.server_logs = [server.log_path]
    try:
        yield server.ready()
    finally:
        server.end()


def counted(far: Far, host: Any) -> dict[str, int]:
    """What the server says it has, asked on its own host; without the connection that asks."""
    command = [*host.within, sys.executable, "-m", "lastseen.client", "stats", "--json"]
    done = subprocess.run(
        [*command, "--server", far.place], capture_output=True, text=True, timeout=60, check=True
    )
    stats = json.loads(done.stdout)
    return {"connections": stats["connections"] - 1, "watchers": stats["watchers"]}


def test_readers_whose_network_was_cut_are_closed_within_two_minutes(
    network: Any, far: Far, until_slowly: Any
):
    ours, theirs = network.host(1), network.host(2)
    churn = base.Process(*ours.within, sys.executable, "-c", CHURN, far.place)
    arguments = (*theirs.within, sys.executable, "-c", READERS, ours.address, str(EACH))
    readers = base.Process(*arguments)
    try:
        whole = {"connections": 2 * EACH + 1, "watchers": 3 * EACH}
        until_slowly(lambda: counted(far, ours) == whole, "all watch")
        theirs.unplug()
        cut = time.monotonic()
        base.until(
            lambda: counted(far, ours) == {"connections": 1, "watchers": 0} or time.sleep(1),
            "no reader is counted any more",
            UNACKNOWLEDGED_FOR + BUSY,
        )
        assert time.monotonic() - cut >= UNACKNOWLEDGED_FOR - 5  # no reset told the server
    finally:
        readers.end()
        churn.end()
