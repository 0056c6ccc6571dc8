"""Time that passes only while every task waits."""

from math import inf

import trio


class SimulatedClock(trio.abc.Clock):
    """As trio's `MockClock` with autojump, for a third of its price: it jumps when the loop asks
    for how long to sleep, which it does when no task can go on.
    """

    def __init__(self) -> None:
        self._now = 0.0

    def start_clock(self) -> None:
        """It runs only by jumps."""

    def current_time(self) -> float:
        return self._now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        if deadline < inf:  # at the very end, there is none
            self._now = max(self._now, deadline)
        return 0.0

    def jump(self, seconds: float) -> None:
        """Time passes in which no task has its turn."""
        self._now += seconds
