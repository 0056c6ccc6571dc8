"""How long something took by the clocks that the runs of the server went by. Within a run, setting
the wall clock changes nothing. What one run keeps for the next counts from the end of that run.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

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
        return sum(end - begin for _, begin, end in self._stretches(since, until))

    def longest_up(self, since: float, until: float, troubles: Iterable[float]) -> float:
        """Seconds of the longest time within in which one run was up. A restart may add the time
        in which the server was away. If the run before was killed, and could not write that it was
        awake, as it paused or its store had `troubles`, it may add that time, too.
        """
        moments = [at for at in troubles if at > since]
        longest = 0.0
        for run, begin, end in self._stretches(since, until):
            if run.clean is False:
                unwritten = [*moments, *(p.since for p in run.pauses if p.until > begin)]
                longest = max(longest, min([end, *unwritten]) - begin)
            else:
                longest = max(longest, end - begin)
        return longest

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

    def _stretches(self, since: float, until: float) -> Iterator[tuple[Run, float, float]]:
        """The runs that were up between two moments, each with the part of that."""
        for run in self._runs[max(0, self._before(since)) : self._before(until) + 1]:
            begin = max(since, run.began_at)
            end = until if run.ended_at is None else min(until, run.ended_at)
            if end > begin:
                yield run, begin, end

    def _before(self, moment: float) -> int:
        """The last run that had begun by then."""
        return bisect_right(self._begins, moment) - 1
