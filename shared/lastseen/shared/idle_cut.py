"""Whether connections end after the same silence each time. Pure.

A proxy or router that cuts idle connections does so by a timer, so the silence before each end is
the same. Crashes, restarts and failing networks end connections after any silence.
"""

from bisect import bisect_right
from collections.abc import Sequence

SHORTEST = 1.0
"""Seconds of silence from which an end may be a cut: shorter ones are a server that accepts and
drops, and no ping could prevent them."""

MARGIN = 0.75
"""The share of the silence after which a ping is sent: the rest is for a slow network."""


def tolerance(age: float) -> float:
    """Return by how much two ages of one timer may differ, in seconds.

    A quarter of a second for the network, and 2 % for timers that are rounded up.
    """
    return max(0.25, 0.02 * age)


def constant_age(ages: Sequence[float], enough: int) -> float | None:
    """Return the shortest of the ages that agree, if enough and most of them do; else None.

    Args:
        ages: Seconds of silence after which connections ended; those below SHORTEST do not count.
        enough: How many must agree at least, within the tolerance of the shortest of them.
    """
    counted = sorted(age for age in ages if age >= SHORTEST)
    agreeing, youngest = 0, None
    for first, age in enumerate(counted):
        count = bisect_right(counted, age + tolerance(age)) - first
        if count > agreeing:
            agreeing, youngest = count, age
    return youngest if agreeing >= enough and 2 * agreeing > len(counted) else None
