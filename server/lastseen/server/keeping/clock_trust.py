"""Whether the wall clock may be believed when old rows are deleted. Pure.

A clock that is set 100 days ahead makes every client and event look old. The store knows better: it
has the wall clock and the server's awake time at the begin and end of each run. If the wall clock
went forward much further than the server was awake, the clock was set, or the server was off for
long. Nobody can tell these apart, so deletion waits until the server was awake for a day under the
new clock: a day in which somebody can set the clock right.
"""

from collections.abc import Iterable

from lastseen.server.store.model import Run

DAY = 86_400.0

LONGEST_GAP = 2 * DAY
"""Seconds that the wall clock may be ahead of the awake time at once: a machine that is off for a
night or a weekend's day waits for nothing."""

CONFIRMED_AFTER = DAY
"""Seconds awake after a jump until the clock is believed."""


def untrusted_for(runs: Iterable[Run], wall: float) -> float:
    """For how many more seconds awake the wall clock is not believed; 0: it is.

    Args:
        runs: All runs, in the order in which they began.
        wall: The wall clock now, in Unix time.
    """
    jumped_at = None
    before, awake = None, 0.0
    for run in runs:
        if before is not None and run.started_at - before > LONGEST_GAP:
            jumped_at = awake
        is_counted = run.awake > awake  # an older version did not count it
        if is_counted and run.heartbeat_at - run.started_at > run.awake - awake + LONGEST_GAP:
            jumped_at = awake
        before, awake = run.heartbeat_at, max(awake, run.awake)
    if before is not None and wall - before > LONGEST_GAP:
        jumped_at = awake
    return 0.0 if jumped_at is None else max(0.0, jumped_at + CONFIRMED_AFTER - awake)
