"""Pings at a steady rate, whether or not earlier ones are answered, and how long each pong took.

A delay counts from when the ping was due, so a slow server cannot hide by slowing the load down.
"""

import os
import time
from collections import deque

from benchmarks.crowd import PATIENCE, watching
from benchmarks.errors import LoadError
from benchmarks.wires import Wire

EVENTS = 16
"""Taken from the kernel at once: few, so that the next ping is not late."""


class Paced:
    """Pings over many connections in turn. It never sleeps: it has a core of its own."""

    def __init__(self, wire: Wire, fds: list[int], rate: float) -> None:
        self._wire, self._fds, self._rate = wire, fds, rate
        self._waiting: dict[int, deque[float]] = {fd: deque() for fd in fds}
        self._delays: list[float] = []

    def run(self, total: int) -> list[float]:
        """The delays, in seconds, of `total` pings.

        Raises:
            LoadError: Pings were not answered within `PATIENCE`.
        """
        poll = watching(self._fds)
        began, sent = time.perf_counter(), 0
        while len(self._delays) < total:
            elapsed = time.perf_counter() - began
            due = min(total, int(elapsed * self._rate) + 1)
            while sent < due:
                self._ping(self._fds[sent % len(self._fds)], began + sent / self._rate)
                sent += 1
            for fd, _ in poll.poll(0, EVENTS):
                self._pong(fd)
            if elapsed > total / self._rate + PATIENCE:
                raise LoadError(f"{total - len(self._delays)} of {total} pings are unanswered")
        poll.close()
        return self._delays

    def _ping(self, fd: int, due: float) -> None:
        self._waiting[fd].append(due)
        os.write(fd, self._wire.ping)

    def _pong(self, fd: int) -> None:
        said, pong = os.read(fd, 4096), self._wire.pong
        pongs = len(said) // len(pong)
        if not said or said != pong * pongs:
            raise LoadError(f"expected pongs, got {said!r}")
        now = time.perf_counter()
        for _ in range(pongs):
            self._delays.append(now - self._waiting[fd].popleft())
