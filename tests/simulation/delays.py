"""How long something took by the clocks that the runs of the server went by. Within a run, setting
the wall clock changes nothing. What one run keeps for the next counts from the end of that run.
"""

from bisect import bisect_right
from collections.abc import Sequence

from tests.simulation.witness import Run


class Delays:
    """Reads the clocks of runs: each is wrong throughout by as much as the wall clock was when the
    run began.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        self._begins = [run.began_at for run in runs]

    def up(self, since: float, until: float) -> float:
        """Seconds between two moments of the world in which a run was up, or paused."""
        return sum(self._stretches(since, until))

    def longest_up(self, since: float, until: float) -> float:
        """Seconds of the longest time within in which one run was up: a restart may add the time
        in which the server was away, and more if its end could not be written.
        """
        return max(self._stretches(since, until), default=0.0)

    def set_back_since(self, moment: float) -> bool:
        """Whether the last run's clock is behind that of an earlier one, after a moment."""
        later = [run for run in self._runs if run.ended_at is None or run.ended_at >= moment]
        return any(run.skew > self._runs[-1].skew for run in later)

    def restarted(self, since: float, until: float) -> bool:
        """Whether a run began between two moments of the world."""
        return self._before(since) != self._before(until)

    def until(self, reading: float, moment: float) -> float:
        """Seconds from a moment of the world until the clock of the run of that moment showed this
        reading.
        """
        return reading - moment - self._runs[self._before(moment)].skew

    def _stretches(self, since: float, until: float) -> list[float]:
        runs = self._runs[max(0, self._before(since)) : self._before(until) + 1]
        ends = [until if run.ended_at is None else min(until, run.ended_at) for run in runs]
        return [
            max(0.0, end - max(since, run.began_at)) for run, end in zip(runs, ends, strict=True)
        ]

    def _before(self, moment: float) -> int:
        """The last run that had begun by then."""
        return bisect_right(self._begins, moment) - 1
