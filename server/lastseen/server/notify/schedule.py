"""The clock that deliveries are scheduled with: wall time as it was at the start, and what has
passed since.

However the machine's clock is set, it neither hurries a delay nor draws it out. Time in which the
machine was suspended counts. What one run keeps for the next are readings of this clock; `restart`
says how the next run takes them over.
"""

import time
from collections.abc import Callable

# Monotonic, and goes on while the machine is suspended; where there is none, it does not.
_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def elapsed() -> float:
    """Seconds since some moment, never set."""
    return time.clock_gettime(_ELAPSED)


class Schedule:
    """Reads the clock."""

    def __init__(
        self, wall: Callable[[], float] = time.time, elapsed: Callable[[], float] = elapsed
    ) -> None:
        self._elapsed = elapsed
        self._began = wall() - elapsed()

    def now(self) -> float:
        """This moment, as Unix time."""
        return self._began + self._elapsed()
