"""How long a client may go without a heartbeat, from what a heartbeat says. Pure.

A heartbeat names either `timeout`, after which the client is offline, or `every` and `grace`: late
after `every`, offline after `every + grace`.
"""

from typing import NamedTuple

SHORTEST, LONGEST = 1.0, 400 * 86_400.0
"""Bounds of `timeout` and `every`, in seconds. `LONGEST` is also that of `grace`: 400 days are a
year and a month, so a yearly job can be watched."""


class LimitsConflict(ValueError):
    """A heartbeat names limits that contradict each other; the text says which, and why."""


class HeartbeatLimits(NamedTuple):
    """Seconds without a heartbeat until a client is offline, and until it is late.

    `every` is None for a client that is online until the timeout ends.
    """

    timeout: float
    every: float | None


def heartbeat_limits(
    timeout: float | None, every: float | None, grace: float | None, default: float
) -> HeartbeatLimits:
    """Combine what a heartbeat says, each value within its bounds; all are seconds.

    `default` is the timeout of a heartbeat that names none. `timeout` beside `every` is accepted
    where both mean something: the client is late after `every` and offline after `timeout`.

    Raises:
        LimitsConflict: They contradict each other, or one is missing.
    """
    if every is None:
        if grace is not None:
            raise LimitsConflict(
                f"grace: expected every beside it, got grace={_plain(grace)} alone"
            )
        return HeartbeatLimits(default if timeout is None else timeout, None)
    if grace is not None:
        whole = every + grace
        if timeout not in (None, whole):
            raise LimitsConflict(
                f"timeout: expected every + grace = {_plain(whole)}, or none, got {_plain(timeout)}"
            )
        return HeartbeatLimits(whole, every)
    if timeout is None:
        raise LimitsConflict(
            f"every: expected grace beside it, got every={_plain(every)} alone; "
            "a client is late after every, and offline after every + grace"
        )
    if timeout < every:
        raise LimitsConflict(
            f"timeout: expected at least every = {_plain(every)}, got {_plain(timeout)}; "
            "a client is late after every, and offline after timeout"
        )
    return HeartbeatLimits(timeout, every)


def _plain(seconds: float) -> str:
    """A number as a person would write it: `2678400`, `0.5`."""
    return f"{seconds:.6f}".rstrip("0").rstrip(".")
