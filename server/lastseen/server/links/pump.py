"""The pump: moves bytes between thousands of sockets and their connections in one trio task.

A connection's whole life here is "a few bytes in, a few bytes out, without waiting", so a task for
each would cost more than the work itself (figures: docs/performance.md). The sockets live in a poll
set of their own, one task waits for *that set* to be readable, and each turn serves a batch.
Nothing in a turn may wait.
"""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Protocol

import trio

from lastseen.server import logs
from lastseen.server.links.poller import READ, WRITE, Poller, new_poller
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.model import Moment

BATCH = 512
"""Sockets found ready in one turn: enough to share the price of waiting."""

TURN = 0.01
"""Seconds after which a turn ends: costly messages of many peers must not hold up everyone else."""

PORTION = 16
"""Sockets served between two looks at the time."""

log = logs.get_logger()


class Pumped(Protocol):
    """What the pump serves."""

    def on_readable(self, now: Moment) -> None:
        """There is something to read, or the link is gone."""

    def on_writable(self, now: Moment) -> None:
        """There is room to write, which was asked for."""

    def crashed(self) -> None:
        """Serving this one raised: end it."""


class Pump:
    """A poll set and who is served by each descriptor in it.

    Attributes:
        batches: How many turns found so many ready at once, by the binary digits of that number.
        found: How many were found ready, in all.
    """

    def __init__(
        self,
        clock: AwakeClock,
        poller: Poller | None = None,
        stopwatch: Callable[[], float] = perf_counter,
    ) -> None:
        """`stopwatch` measures turns, in seconds."""
        self._clock = clock
        self._stopwatch = stopwatch
        self._poller = poller or new_poller()
        self.batches = [0] * (BATCH.bit_length() + 1)
        self.found = 0
        # By descriptor: the system gives the lowest that is free, so a list is the smaller dict.
        self._served: list[Pumped | None] = []
        self._count = 0
        self._waiting: list[tuple[int, int]] = []  # found ready in a turn that had no time for them

    def add(self, fd: int, pumped: Pumped) -> None:
        """Serve a descriptor's reads from the next turn on."""
        self._poller.register(fd, READ)
        if fd >= len(self._served):
            self._served.extend([None] * (fd + 1 - len(self._served)))
        self._served[fd] = pumped
        self._count += 1

    def want(self, fd: int, events: int) -> None:
        """Serve other events of it: READ, WRITE or both."""
        self._poller.modify(fd, events)

    def remove(self, fd: int) -> None:
        """Serve it no more. Call it before the descriptor is closed."""
        self._poller.unregister(fd)
        self._served[fd] = None
        self._count -= 1

    def __iter__(self) -> Iterator[Pumped]:
        """All that are served."""
        return (pumped for pumped in self._served if pumped is not None)

    def __len__(self) -> int:
        return self._count

    async def run(self) -> None:
        """Serve for ever."""
        try:
            while True:
                if self._waiting:
                    await trio.lowlevel.checkpoint()
                else:
                    await trio.lowlevel.wait_readable(self._poller.fileno())
                self.turn()
        finally:
            self._poller.close()

    def turn(self) -> None:
        """Serve those that are ready, at most BATCH of them, for TURN seconds or a little more."""
        now = self._clock.now()
        ready = self._waiting
        if ready:
            self._waiting = []
        else:
            ready = self._poller.poll(0, BATCH)
            self.batches[len(ready).bit_length()] += 1
            self.found += len(ready)
        ends = self._stopwatch() + TURN
        served = self._served
        for index, (fd, events) in enumerate(ready):
            if index % PORTION == 0 and self._stopwatch() > ends:
                self._waiting = ready[index:]  # the first to be served in the next turn
                return
            pumped = served[fd]
            if pumped is None:  # ended since it was found ready
                continue
            try:
                if events & ~WRITE:
                    pumped.on_readable(now)
                if events & WRITE and served[fd] is pumped:
                    pumped.on_writable(now)
            except Exception:  # one connection's fault ends that connection, and nothing else
                log.exception("a connection crashed")
                self._end(fd, pumped)

    def _end(self, fd: int, pumped: Pumped) -> None:
        """End one that crashed; if even that raises, at least serve it no more."""
        try:
            pumped.crashed()
        except Exception:
            log.exception("a crashed connection could not be ended")
            if self._served[fd] is pumped:
                self.remove(fd)
