"""Awake time: monotonic time less the server's own stalls.

The clock is sampled every second. When a sample comes later than it was asked for (a stopped
process, a blocked loop), that lateness was ours: awake time leaves it out, so every deadline moves
by it and nobody is declared gone because *we* slept. What is within a tolerance stays in: somebody
may have read the clock meanwhile, and awake time never runs backwards. A suspended machine stops
the monotonic clock itself, so there is nothing to leave out; but it is told of like a stall, for
clients will have given up on us meanwhile.
"""

import time
from collections.abc import Callable

import trio

from lastseen.server.presence.model import Moment

SAMPLE_INTERVAL = 1.0
"""Seconds between two samples."""

STALL_TOLERANCE = 0.25
"""Lateness of a sample, in seconds, that is still the loop's ordinary business."""


# Goes on while the machine is suspended; where there is none, a suspension is not noticed.
_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def suspended() -> float:
    """For how many seconds the machine was suspended since it started, and some constant more."""
    # In this order: to be held up between the two never looks like a suspension.
    return time.clock_gettime(_ELAPSED) - time.clock_gettime(time.CLOCK_MONOTONIC)


class AwakeClock:
    """Reads both clocks and leaves stalls out.

    Whoever reads first after a stall finds it, not only the sampler: nobody is ever stamped with a
    time from before the correction, which would lie in the future after it.

    Attributes:
        stalls: How many were left out.
        stalled: Their length in all, in seconds.
        slept: For how many seconds the machine was suspended, in all.
        woke: The awake time at which the last stall or suspension was found; before the first,
            minus infinity.
        on_stall: Called with the length of each stall or suspension when it is found, and the
            moment after it.
    """

    def __init__(
        self,
        monotonic: Callable[[], float] = trio.current_time,
        wall: Callable[[], float] = time.time,
        suspended: Callable[[], float] = suspended,
    ) -> None:
        self.stalls = 0
        self.stalled = self.slept = 0.0
        self.woke = float("-inf")
        self.on_stall: Callable[[float, Moment], None] = lambda _length, _now: None
        self._monotonic = monotonic
        self._wall = wall
        self._suspended = suspended
        self._slept_before = suspended()
        self._sample_due = float("inf")  # until the first sample: what a start takes is no stall

    def now(self) -> Moment:
        """This moment, with any stall that just ended left out."""
        monotonic = self._monotonic()
        stall = monotonic - self._sample_due - STALL_TOLERANCE
        if stall > 0:
            return self._leave_out(stall, monotonic)
        now = Moment(monotonic - self.stalled, self._wall())
        slept = self._suspended() - self._slept_before - self.slept
        if slept > STALL_TOLERANCE:
            self.slept += slept
            self.woke = now.awake
            self.on_stall(slept, now)
        return now

    def sample(self) -> None:
        """The sampler is here; it will be back in SAMPLE_INTERVAL."""
        self.now()
        self._sample_due = self._monotonic() + SAMPLE_INTERVAL

    async def run(self) -> None:
        """Sample for ever."""
        while True:
            self.sample()
            await trio.sleep_until(self._sample_due)

    def _leave_out(self, stall: float, monotonic: float) -> Moment:
        self.stalls += 1
        self.stalled += stall
        self._sample_due = monotonic + SAMPLE_INTERVAL
        now = Moment(monotonic - self.stalled, self._wall())
        self.woke = now.awake
        self.on_stall(stall, now)
        return now
