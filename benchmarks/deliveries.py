"""10,000 clients say goodbye at once, and a webhook is told of each: how many deliveries a second,
from the goodbyes to the last one that the receiver took, at what cost, and who waits meanwhile.

Beside it what somebody would write who needs no more than that: trio and httpx, without a database,
an order, a signature or a repeat.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from benchmarks import cores
from benchmarks.crowd import Crowd
from benchmarks.deliveries_load import say_goodbye
from benchmarks.errors import LoadError
from benchmarks.figures import OURS, Figure, Found
from benchmarks.measure import cpu_seconds
from benchmarks.peers import LASTSEEN_SERVER, Peer, Running
from benchmarks.run import Bench
from benchmarks.wires import LASTSEEN as WIRE

LONGEST_WAIT = 300.0
"""Seconds until the last delivery must have come."""

AT_ONCE = (1, 8)
"""Requests that the plain sender has on their way; 8 is what a lane has."""

CONFIG = """\
[server]
port = {{port}}
max_clients = 100000
heartbeat_interval = 60
connection_timeout = 120

[websocket]
enabled = false

[http]
enabled = false

[log]
level = "warning"

[[notify.webhook]]
name = "receiver"
url = "{url}"
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
events = ["offline"]
"""

_ROOT = Path(__file__).resolve().parent.parent

Report = dict[str, float]


def run(bench: Bench) -> list[Figure]:
    """Deliveries a second, CPU time for each, and a bystander's longest wait."""
    count = bench.scale.expired
    ways: dict[str, Callable[[int], Report]] = {OURS: _ours}
    ways |= {f"httpx, {n} at once": _plain_way(n) for n in AT_ONCE}
    found: Found = {name: [] for name in ways}
    for _ in range(bench.scale.repeats):
        for name, once in ways.items():
            found[name].append(once(count))
    bench.remark(
        "deliveries: lastseen's CPU is the whole server's, with what a goodbye costs, its event in"
        " history, and the outbox; httpx sends what is there"
    )
    ours = {OURS: found[OURS]}
    what = f"{count:,} deliveries"
    return [
        Figure.of(f"{what} to a local webhook", "1/s", found, lambda r: count / r["seconds"]),
        Figure.of("sender's CPU per delivery", "µs", found, lambda r: r["cpu"] / count * 1e6),
        Figure.of(
            f"{what}: longest ping of a bystander meanwhile",
            "ms",
            ours,
            lambda r: r["longest"] * 1e3,
        ),
        Figure.of(
            f"{what}: 99 % of a bystander's pings within", "ms", ours, lambda r: r["p99"] * 1e3
        ),
    ]


# --- lastseen ------------------------------------------------------------------------------------


def _ours(count: int) -> Report:
    with _receiver(count) as receiver, _server(receiver.url).running() as server, _on_load_core():
        return _measured(server, receiver, count)


def _server(url: str) -> Peer:
    return Peer(
        OURS,
        str(LASTSEEN_SERVER),
        OURS,
        CONFIG.format(url=url),
        lambda config, _: [str(LASTSEEN_SERVER), "--config", str(config)],
    )


def _measured(server: Running, receiver: "Receiver", count: int) -> Report:
    crowd = Crowd(server.port)
    # One more: the bystander.
    fds = crowd.open([WIRE.client(number) for number in range(count + 1)], WIRE.welcomed)
    crowd.settle(WIRE.settle, WIRE.unasked)
    cpu, began = cpu_seconds(server.pid), time.monotonic()
    waits = say_goodbye(fds[1:], fds[0], receiver.answers, LONGEST_WAIT)
    ended = receiver.ended()
    return {
        "seconds": ended - began,
        "cpu": cpu_seconds(server.pid) - cpu,
        "longest": max(waits),
        "p99": sorted(waits)[int(len(waits) * 0.99)],
    }


@contextmanager
def _on_load_core() -> Iterator[None]:
    """This process leaves the server's core alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cores.LOAD})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


# --- trio and httpx ------------------------------------------------------------------------------


def _plain_way(at_once: int) -> Callable[[int], Report]:
    def once(count: int) -> Report:
        with _receiver(count) as receiver:
            arguments = [receiver.url, str(count), str(at_once)]
            command = [sys.executable, "-m", "benchmarks.deliveries_plain", *arguments]
            done = subprocess.run(
                cores.pinned_to(cores.SERVER, command),
                capture_output=True,
                timeout=LONGEST_WAIT,
                cwd=_ROOT,
                check=True,
            )
            report = msgspec.json.decode(done.stdout, type=dict[str, float])
            return {"seconds": receiver.ended() - report["began"], "cpu": report["cpu"]}

    return once


# --- who is told ---------------------------------------------------------------------------------


class Receiver:
    """A running receiver; `answers` is where it says something when it has taken everything."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        if process.stdout is None:
            raise TypeError("the receiver was started without a pipe")
        self.answers = process.stdout
        self.url = f"http://127.0.0.1:{int(self.answers.readline())}/"

    def ended(self) -> float:
        """When it had taken everything, by the machine's monotonic clock.

        Raises:
            LoadError: It took something twice, or ended.
        """
        line = self.answers.readline()
        if not line:
            raise LoadError("the receiver ended")
        found = msgspec.json.decode(line, type=dict[str, float])
        if found["repeats"]:
            raise LoadError(f"{found['repeats']:g} deliveries were repeated")
        return found["ended"]


@contextmanager
def _receiver(count: int) -> Iterator[Receiver]:
    command = [sys.executable, "-m", "benchmarks.deliveries_receiver", str(count)]
    process = subprocess.Popen(
        cores.pinned_to(cores.LOAD, command), stdout=subprocess.PIPE, cwd=_ROOT
    )
    try:
        yield Receiver(process)
    finally:
        process.kill()
        process.wait()
