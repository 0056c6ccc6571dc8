"""When to try again: a delivery waits longer after each failure, and a channel rests. Pure; chance
is an argument.
"""

LONGEST_RETRY = 3600.0
"""Seconds until a delivery is tried again at most: with 16 attempts and a `retry_interval` of 5
seconds, it is tried for some five hours."""

FIRST_REST, LONGEST_REST = 0.5, 30.0
"""Seconds for which a channel rests after failures in a row, whichever deliveries they met."""

STORE_PAUSE = 5.0
"""Seconds until a store that did not answer is asked again."""


def retry_after(first: float, attempts: int, chance: float) -> float:
    """Seconds until a delivery is tried again.

    Args:
        first: Seconds after the first attempt; doubled after each further one.
        attempts: How often it has failed: at least 1.
        chance: From 0 to 1. Half of the wait is left to it, so that what failed together is not
            tried together.
    """
    return _doubled(first, LONGEST_RETRY, attempts) * (0.5 + chance / 2)


def rest_after(failures: int) -> float:
    """Seconds for which a channel rests that has failed so often in a row: at least 1."""
    return _doubled(FIRST_REST, LONGEST_REST, failures)


def _doubled(first: float, longest: float, times: int) -> float:
    return min(longest, first * 2.0 ** min(times - 1, 40))
