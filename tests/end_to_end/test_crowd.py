"""Many at once, and those who take more than their share."""

import resource
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from lastseen.shared.messages import Error, GetStats, Goodbye, Ping, Pong, Register, Watch
from lastseen.shared.wire import PING_FRAME, to_frame

Start = Callable[..., Any]
Connect = Callable[..., Any]

CROWD = 2000
PATIENT = {"heartbeat_interval": 60, "connection_timeout": 120}
ROOM = 20  # open files that are left to a server that runs out of them


@pytest.mark.usefixtures("many_files")
def test_two_thousand_clients_come_at_once_and_all_are_present(start: Start, wire: Connect):
    server = start(server=PATIENT)
    ids = [f"web-{number:04}" for number in range(CROWD)]
    clients = [wire(server) for _ in ids]
    for client, client_id in zip(clients, ids, strict=True):
        client.say(Register(client_id))
    assert [client.hear().client_id for client in clients] == ids
    observer = wire(server)
    records = observer.list_all()
    assert sorted(records) == ids
    assert {record.status for record in records.values()} == {"online"}
    observer.say(GetStats())
    stats = observer.hear()
    assert (stats.online, stats.connections) == (CROWD, CROWD + 1)


def test_one_that_never_reads_is_closed_as_slow_and_nobody_else_waits(start: Start, wire: Connect):
    server = start(server=PATIENT, log={"level": "debug"})
    deaf, other = wire(server, receive_buffer=4096), wire(server)
    deaf.register("deaf")
    other.register("web-01")
    other.say(GetStats())
    memory_before = other.hear().memory
    flood = threading.Thread(target=_flood, args=(deaf,))
    flood.start()
    waits = []
    while not server.events("connection dismissed", reason="slow"):
        other.say(Ping())
        assert other.hear() == Pong()
        waits.append(1)
        assert len(waits) < 1_000_000
    assert server.logged("client late", client_id="deaf")["reason"] == "closed"
    other.say(GetStats())
    stats = other.hear()
    assert stats.slow_closes == 1
    assert stats.memory - memory_before < 16 * 1024 * 1024
    flood.join(10)
    assert not flood.is_alive()


def _flood(deaf: Any) -> None:
    try:
        while True:
            deaf.socket.sendall(PING_FRAME * 1000)
    except OSError:  # at last it was closed
        return


@pytest.mark.skipif(sys.platform != "linux", reason="limits another process by prlimit(2)")
def test_a_server_out_of_open_files_says_so_serves_who_is_in_and_recovers(
    start: Start, wire: Connect
):
    server = start(server=PATIENT)
    inside = wire(server)
    inside.register("web-01")
    pid = server.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    in_use = max(int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()) + 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (in_use + ROOM, hard))
    crowd = [wire(server) for _ in range(2 * ROOM)]  # the kernel lets them in
    for number, client in enumerate(crowd):
        client.say(Register(f"late-{number}"))
    server.logged("cannot accept more connections now")
    inside.say(Ping())
    assert inside.hear() == Pong()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
    assert [client.hear().client_id for client in crowd] == [f"late-{n}" for n in range(2 * ROOM)]


def test_one_too_many_is_refused_and_told_when_to_try_again(start: Start, wire: Connect):
    server = start(server=PATIENT | {"max_clients": 1, "max_connections_per_address": 3})
    wire(server).register("web-01")
    full = wire(server)
    assert full.register("web-02").code == "server_full"
    goodbye = full.hear()
    assert isinstance(goodbye, Goodbye)
    assert goodbye.reconnect
    assert goodbye.retry_after
    held = [wire(server), wire(server)]
    last = held[-1]
    assert last.hear().code == "too_many_connections"
    assert last.hear().retry_after


def test_watchers_take_no_room_from_clients_and_health_checks(start: Start, wire: Connect):
    limits = {"max_clients": 20, "max_connections": 100, "duplicate": "share"}
    server = start(server=PATIENT | limits, http={"enabled": True})
    watchers = [wire(server) for _ in range(100)]
    for watcher in watchers:
        watcher.say(Watch())
    answers = [watcher.hear() for watcher in watchers]
    refused = [answer for answer in answers if isinstance(answer, Error)]
    assert 0 < len(refused) < 100
    assert {error.code for error in refused} == {"too_many_connections"}
    assert wire(server).register("newcomer").client_id == "newcomer"
    page = server.logged("listening")["page"]
    assert httpx.get(f"{page}healthz").status_code == 200
    counted = f'lastseen_refusals_total{{code="too_many_connections"}} {len(refused)}.0'
    assert counted in httpx.get(f"{page}metrics").text
    assert len(server.events("refused")) <= 3  # one a second


def test_pings_before_and_after_registering_are_answered_in_order(start: Start, wire: Connect):
    server = start(server=PATIENT)
    client = wire(server)
    client.socket.sendall(PING_FRAME * 500 + to_frame(Register("web-01")) + PING_FRAME * 500)
    answers = [client.hear() for _ in range(1001)]
    assert answers[500].client_id == "web-01"
    assert answers[:500] + answers[501:] == [Pong()] * 1000
