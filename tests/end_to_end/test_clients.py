"""Clients that die or stop: who looks on sees it in the bounds that the settings promise."""

import signal
import time
from collections.abc import Callable
from typing import Any

from lastseen.shared.messages import Diff, GetSettings, Watch

TIMEOUT, REAP, GRACE = 2.0, 0.2, 1.0  # of the fast settings
SLACK = 3.0  # seconds that a busy machine may add


def statuses(watcher: Any, client_id: str) -> Any:
    """Each record of a client that a watcher is told of, with the time of its coming."""
    while True:
        diff = watcher.hear_only(Diff)
        for record in (*diff.joins, *diff.updates, *diff.leaves):
            if record.client_id == client_id:
                yield record, time.monotonic()


def watching(server: Any, wire: Callable[..., Any], client_id: str) -> Any:
    watcher = wire(server)
    watcher.say(Watch())
    watcher.hear()
    return statuses(watcher, client_id)


def test_a_killed_client_is_late_at_once_and_offline_after_its_grace(
    server: Any, wire: Callable[..., Any], start_client: Callable[..., Any]
):
    seen = watching(server, wire, "web-01")
    client = start_client(server, "web-01")
    assert next(seen)[0].status == "online"
    killed = time.monotonic()
    client.signal(signal.SIGKILL)
    late, late_at = next(seen)
    assert (late.status, late.reason, late.sessions) == ("late", "closed", 0)
    assert late_at - killed < SLACK
    offline, offline_at = next(seen)
    assert (offline.status, offline.reason) == ("offline", "closed")
    assert GRACE * 0.9 < offline_at - killed < GRACE + REAP + SLACK


def test_a_stopped_client_is_late_then_timed_out_and_comes_back_when_it_goes_on(
    server: Any, wire: Callable[..., Any], start_client: Callable[..., Any]
):
    seen = watching(server, wire, "web-01")
    client = start_client(server, "web-01")
    assert next(seen)[0].status == "online"
    client.signal(signal.SIGSTOP)
    late, _ = next(seen)
    assert (late.status, late.reason, late.sessions) == ("late", "silent", 1)
    offline, _ = next(seen)
    assert (offline.status, offline.reason) == ("offline", "timeout")
    silence = server.logged("client offline", client_id="web-01")["silence"]
    assert TIMEOUT <= silence <= TIMEOUT + REAP + SLACK
    client.signal(signal.SIGCONT)
    back, _ = next(seen)
    assert (back.status, back.reason) == ("online", "returned")


def test_a_client_that_ends_well_is_offline_at_once(
    server: Any, wire: Callable[..., Any], start_client: Callable[..., Any]
):
    seen = watching(server, wire, "web-01")
    client = start_client(server, "web-01")
    assert next(seen)[0].status == "online"
    client.process.stdin.close()
    gone, _ = next(seen)
    assert (gone.status, gone.reason) == ("offline", "left")
    assert client.wait() == 0


def test_what_is_not_our_protocol_is_told_so_even_with_much_of_it_unread(
    server: Any, wire: Callable[..., Any]
):
    lost, well = wire(server), wire(server)
    lost.socket.sendall(b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + bytes(100_000))
    error, goodbye, end = lost.hear(), lost.hear(), lost.hear()
    assert error.code == goodbye.reason == "frame_too_long"
    assert end is None
    well.say(GetSettings())
    assert well.hear().heartbeat_interval == 0.5
