"""A server that is told to stop says goodbye to everyone, and ends in bounded time."""

import select
import signal
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from lastseen.shared.messages import GetStats, Goodbye
from lastseen.shared.wire import to_frame

Start = Callable[..., Any]
Connect = Callable[..., Any]

PATIENT = {"heartbeat_interval": 60, "connection_timeout": 120}
BOUND = 3.0  # seconds that goodbyes have to be read


def between(server: Any, first: str, then: str) -> float:
    """Seconds between two events of the log."""
    times = [datetime.fromisoformat(server.logged(e)["timestamp"]) for e in (first, then)]
    return (times[1] - times[0]).total_seconds()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_each_is_told_to_come_back_and_when_and_the_exit_code_is_0(
    start: Start, wire: Connect, number: signal.Signals
):
    server = start(server=PATIENT)
    clients = [wire(server) for _ in range(100)]
    for index, client in enumerate(clients):
        client.register(f"web-{index}")
    observer = wire(server)
    observer.say(GetStats())
    observer.hear()
    server.signal(number)
    waits = []
    for client in (*clients, observer):
        goodbye = client.hear_only(Goodbye)
        assert (goodbye.reason, goodbye.reconnect) == ("shutdown", True)
        waits.append(goodbye.retry_after)
        assert client.hear() is None
        client.close()
    assert server.wait() == 0
    assert min(waits) >= 0.5
    assert 0.5 + 0.1 < max(waits) <= 0.5 + 101 / 500
    assert len(set(waits)) > 50
    assert not server.events("client offline")
    assert not server.events("client late")


def test_a_peer_that_never_reads_holds_it_up_for_a_bounded_time(start: Start, wire: Connect):
    server = start(server=PATIENT)
    deaf = wire(server, receive_buffer=4096)
    deaf.register("deaf")
    _ask_until_nobody_listens(deaf)
    assert not server.events("client late")  # it is no slow one, whose answers wait for it
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert 1 < between(server, "stopping", "stopped") < BOUND + 3


def test_a_second_signal_leaves_at_once(start: Start, wire: Connect):
    server = start(server=PATIENT)
    stays = wire(server)
    stays.register("web-01")
    server.signal(signal.SIGTERM)
    server.logged("saying goodbye")
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert between(server, "stopping at once", "stopped") < 1


def _ask_until_nobody_listens(deaf: Any) -> None:
    """Ask for answers and read none, until the server waits for us and reads no more itself."""
    deaf.socket.setblocking(False)
    chunk = to_frame(GetStats()) * 10_000
    asked = b""
    for _ in range(10_000):
        if not select.select([], [deaf.socket], [], 0.5)[1]:
            return
        asked = asked or chunk
        asked = asked[deaf.socket.send(asked) :]
    raise AssertionError("the server never stopped reading")
