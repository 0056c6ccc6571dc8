"""The load: a process of its own that speaks to one server over many connections and times it.

It reads one JSON command a line from standard input, and answers each with a line of JSON. The
server's CPU time is read here, at the very moments at which the counting of pongs begins and ends.
"""

import gc
import os
import sys
import time
from typing import Any

import msgspec
from benchmarks import detection_load, fan_out_load, heartbeat_load, web_wires, wires
from benchmarks.cores import idle_seconds
from benchmarks.crowd import BATCH, PATIENCE, Crowd, ready, watching
from benchmarks.detection_wires import LOSING
from benchmarks.errors import LoadError
from benchmarks.measure import cpu_seconds, percentile
from benchmarks.paced import Paced

WIRES = {
    "lastseen": wires.LASTSEEN,
    "echo": wires.ECHO,
    "mqtt": wires.MQTT,
    "nats": wires.NATS,
    "websocket": web_wires.WEBSOCKET,
    "websocket, compressing": web_wires.COMPRESSING,
}

LONGEST_PONG = 64
"""Bytes to read at once: more than any pong has, so that a second one would be noticed."""


class Load:
    """The commands. Each is a method; its arguments and its answer are what JSON can say."""

    def __init__(self, wire_name: str, port: int, pid: int) -> None:
        self.wire = WIRES[wire_name]
        self._wire_name = wire_name
        self.crowd = Crowd(port)
        self._pid = pid
        self._core = min(os.sched_getaffinity(pid))

    def connect(self, count: int) -> dict[str, float]:
        """Open `count` registered clients as fast as the server takes them."""
        first = len(self.crowd.fds)
        greetings = [self.wire.client(number) for number in range(first, first + count)]
        cpu, began = cpu_seconds(self._pid), time.monotonic()
        self.crowd.open(greetings, self.wire.welcomed)
        seconds = time.monotonic() - began
        return {"clients": count, "seconds": seconds, "cpu": cpu_seconds(self._pid) - cpu}

    def settle(self) -> dict[str, float]:
        """Wait until the server has nothing more to say by itself."""
        self.crowd.settle(self.wire.settle, self.wire.unasked)
        return {}

    def closed_loop(self, active: int, warm_up: float, seconds: float) -> dict[str, float]:
        """The first `active` clients send their next ping when the pong has come."""
        fds = self.crowd.fds[:active]
        poll = watching(fds)
        for fd in fds:
            os.write(fd, self.wire.ping)
        self._echo(poll, time.monotonic() + warm_up)
        cpu, idle = cpu_seconds(self._pid), idle_seconds(self._core)
        began = time.monotonic()
        pongs = self._echo(poll, began + seconds)
        took = time.monotonic() - began
        cpu, idle = cpu_seconds(self._pid) - cpu, idle_seconds(self._core) - idle
        self._drain(poll, active)
        return {"pongs": pongs, "seconds": took, "cpu": cpu, "idle": idle}

    def _echo(self, poll: Any, end: float) -> int:
        """Answer pongs with pings until `end`: the hot loop, hence the local names."""
        ping, pong = self.wire.ping, self.wire.pong
        read, write, now = os.read, os.write, time.monotonic
        pongs = 0
        while now() < end:
            for fd, _ in poll.poll(PATIENCE, BATCH):
                said = read(fd, LONGEST_PONG)
                if said != pong:
                    raise ConnectionError(f"expected one pong, got {said!r}")
                write(fd, ping)
                pongs += 1
        return pongs

    def _drain(self, poll: Any, missing: int) -> None:
        """Take the pongs that are still under way, so that the next command finds silence."""
        while missing:
            for fd in ready(poll):
                os.read(fd, LONGEST_PONG)
                missing -= 1
        poll.close()

    def open_loop(self, active: int, rate: float, seconds: float) -> dict[str, float]:
        """Pings at a steady `rate` a second. See `paced`."""
        paced = Paced(self.wire, self.crowd.fds[:active], rate)
        cpu, began = cpu_seconds(self._pid), time.perf_counter()
        delays = paced.run(int(rate * seconds))
        took = time.perf_counter() - began
        return {
            "p50": percentile(delays, 0.5),
            "p99": percentile(delays, 0.99),
            "worst": max(delays),
            "utilisation": (cpu_seconds(self._pid) - cpu) / took,
        }

    def watch(self, count: int) -> dict[str, float]:
        """Open one client that will change, one that pings, and `count` watchers."""
        self.connect(2)
        greetings = [self.wire.watcher(number) for number in range(2, count + 2)]
        self.crowd.open(greetings, self.wire.watching)
        return {}

    def change(self, number: int, *, pinging: bool) -> dict[str, float]:
        """One change, told to every watcher. See `fan_out_load`."""
        return fan_out_load.change(self.crowd, self.wire, self._pid, number, pinging=pinging)

    def be_asked(self, count: int, warm_up: float, seconds: float) -> dict[str, float]:
        """Open `count` registered clients, and answer the server's own pings."""
        poll = heartbeat_load.open_answering(self.crowd, self.wire, count)
        return heartbeat_load.be_asked(poll, self._pid, warm_up, seconds)

    def silence(self, count: int, over: float) -> dict[str, float]:
        """Clients that fall silent, and when a watcher is told. See `detection_load`."""
        return detection_load.silence(self.crowd, LOSING[self._wire_name], count, over)

    def cut(self, count: int) -> dict[str, float]:
        """Links that are cut, and when a watcher is told. See `detection_load`."""
        return detection_load.cut(self.crowd, LOSING[self._wire_name], count)


def main() -> None:
    """Serve commands until standard input ends. Arguments: wire, port and pid of the server."""
    wire_name, port, pid = sys.argv[1:]
    gc.disable()  # nothing here makes cycles, and a pause would be counted as the server's
    load = Load(wire_name, int(port), int(pid))
    for line in sys.stdin.buffer:
        command = msgspec.json.decode(line)
        name = command.pop("do")
        try:
            answer = getattr(load, name)(**command)
        except (OSError, LoadError) as error:
            answer = {"failed": f"{name}: {error}"}
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
