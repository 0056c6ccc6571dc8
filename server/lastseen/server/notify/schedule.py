"""The clock that deliveries are scheduled with: wall time as it was at the start, and what has
passed since.

Setting the machine's clock neither hurries a delay nor draws it out; time in which the machine was
suspended counts. Across a restart what is kept are Unix times, and the wall clock is believed; and
so it is where it was set by more than a day: then it was no clock before.
"""

import time
from collections.abc import Callable

# Monotonic, and goes on while the machine is suspended; where there is none, it does not.
_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def elapsed() -> float:
    """Seconds since some moment, never set."""
    return time.clock_gettime(_ELAPSED)


NO_CLOCK = 86_400.0
"""Seconds. A machine without a battery starts in 1970, until it hears what time it is."""


class Schedule:
    """Reads the clock."""

    def __init__(
        self, wall: Callable[[], float] = time.time, elapsed: Callable[[], float] = elapsed
    ) -> None:
        self._wall = wall
        self._elapsed = elapsed
        self._began = wall() - elapsed()

    def now(self) -> float:
        """This moment, as Unix time."""
        elapsed, wall = self._elapsed(), self._wall()
        if abs(wall - self._began - elapsed) > NO_CLOCK:
            self._began = wall - elapsed
        return self._began + elapsed
