"""How long something took by the clocks that the runs of the server went by. Within a run, setting
the wall clock changes nothing; what one run keeps for the next are readings, which are believed.
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

    def lasted(self, since: float, until: float) -> float:
        """Seconds between two moments of the world, as they were read."""
        return self._read(until) - self._read(since)

    def was_up(self, delay: float, since: float, until: float) -> bool:
        """Whether a delay was over at some time until then, as one of the runs saw it. What lies
        ahead by the clock of a run began, at the latest, with that run.
        """
        return any(
            min(until, run.ended_at or until) + run.skew
            - min(self._read(since), max(since, run.began_at) + run.skew) >= delay
            for run in self._runs[max(0, self._before(since)) : self._before(until) + 1]
            if run.ended_at is None or run.ended_at >= since
        )  # fmt: skip

    def set_back_since(self, moment: float) -> bool:
        """Whether the last run's clock is behind that of an earlier one, after a moment."""
        later = [run for run in self._runs if run.ended_at is None or run.ended_at >= moment]
        return any(run.skew > self._runs[-1].skew for run in later)

    def set_back(self) -> float:
        """By how much the last run's clock is behind that of any earlier one, in seconds."""
        return max(run.skew for run in self._runs) - self._runs[-1].skew

    def until(self, reading: float, moment: float) -> float:
        """Seconds from a moment of the world until the clock of the run of that moment showed this
        reading.
        """
        return reading - self._read(moment)

    def _read(self, moment: float) -> float:
        return moment + self._runs[self._before(moment)].skew

    def _before(self, moment: float) -> int:
        """The last run that had begun by then."""
        return bisect_right(self._begins, moment) - 1
