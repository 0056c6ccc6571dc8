"""What happens in the world, in order: a heap of moments, run by whoever lets time pass."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any


class Agenda:
    """Calls to be made at their moments.

    Attributes:
        now: This moment of the world, in seconds since it began; that of the call being made.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = 0  # what is planned for one moment happens in the order of planning

    def at(self, moment: float, call: Callable[..., None], *what: Any) -> None:
        """Plan a call."""
        self._number += 1
        heappush(self._heap, (moment, self._number, call, what))

    def after(self, seconds: float, call: Callable[..., None], *what: Any) -> None:
        """Plan a call, from now on."""
        self.at(self.now + seconds, call, *what)

    def advance(self, until: float) -> None:
        """Make every call up to a moment, which is now afterwards."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            moment, _, call, what = heappop(heap)
            self.now = max(self.now, moment)
            call(*what)
        self.now = max(self.now, until)
