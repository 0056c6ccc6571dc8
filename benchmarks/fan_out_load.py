"""One change and everyone who is to hear of it, as the load sees it.

The first client of the crowd changes, the second pings (a bystander), all others watch.
"""

import os
import time

from benchmarks.crowd import PATIENCE, Crowd, watching
from benchmarks.errors import LoadError
from benchmarks.measure import cpu_seconds
from benchmarks.wires import Wire

EVENTS = 16
"""Taken from the kernel at once: few, so that the bystander's pong is not kept waiting here."""

AFTERWARDS = 0.1
"""Seconds from the last watcher told to the reading of the server's CPU: it may still tidy up."""


class _Bystander:
    """A client that has one ping under way at all times, and remembers the longest wait."""

    def __init__(self, fd: int, wire: Wire) -> None:
        self._fd, self._wire = fd, wire
        self.longest = 0.0
        self.ping()

    def ping(self) -> None:
        self._sent = time.perf_counter()
        os.write(self._fd, self._wire.ping)

    def pong(self) -> None:
        if os.read(self._fd, 64) != self._wire.pong:
            raise ConnectionError("expected one pong")
        self.longest = max(self.longest, time.perf_counter() - self._sent)


def change(crowd: Crowd, wire: Wire, pid: int, number: int, *, pinging: bool) -> dict[str, float]:
    """Make a change and wait until each watcher has heard of it.

    Returns: `seconds` until the last one had, the server's `cpu` seconds (with `pinging` they
    include the bystander's pings) and the bystander's `longest` wait in seconds.

    Raises:
        LoadError: Nothing came for `PATIENCE` seconds.
    """
    changing, bystanding, *watchers = crowd.fds
    poll = watching([bystanding, *watchers])
    bystander = _Bystander(bystanding, wire) if pinging else None
    heard = dict.fromkeys(watchers, b"")
    cpu, began = cpu_seconds(pid), time.perf_counter()
    os.write(changing, wire.change(number))
    while heard:
        events = poll.poll(PATIENCE, EVENTS)
        if not events:
            raise LoadError(f"{len(heard)} watchers were not told")
        for fd, _ in events:
            if bystander and fd == bystanding:
                bystander.pong()
                bystander.ping()
                continue
            heard[fd] += os.read(fd, 65536)
            if wire.told(heard[fd]):
                del heard[fd]
    took = time.perf_counter() - began
    if bystander:
        poll.poll(PATIENCE, EVENTS)
        bystander.pong()
    time.sleep(AFTERWARDS)
    longest = bystander.longest if bystander else 0.0
    poll.close()
    return {"seconds": took, "cpu": cpu_seconds(pid) - cpu, "longest": longest}
