"""Whether something grows: the slope of what was sampled after the warm-up. Pure.

The slope is the median of those between all pairs of samples (Theil and Sen), which a few wild
samples do not move. Something grows if by its slope it would have gained more in the time measured
than its tolerance allows: a share of its median or an absolute amount, whichever is more. The share
is what a machine's noise moves a series of this length; a leak passes it if only it is watched for
long enough, so a long soak finds smaller ones.
"""

import statistics
from collections.abc import Sequence
from itertools import combinations

from msgspec import Struct

WARM_UP_SHARE, WARM_UP_AT_LEAST = 0.25, 120.0
"""Of the whole time, and in seconds: clients arrive, caches fill, the allocator finds its size."""

MOST_POINTS = 400
"""Samples that are compared, pair by pair: of more than that, as many evenly chosen ones."""


class Series(Struct, frozen=True):
    """One thing that was sampled.

    Attributes:
        share, amount: It may gain so much of its median, or so much in its own unit; both None: it
            is shown, not judged.
    """

    name: str
    unit: str
    share: float | None = None
    amount: float | None = None

    @property
    def judged(self) -> bool:
        """Whether it may not grow."""
        return self.share is not None or self.amount is not None


class Judgement(Struct, frozen=True):
    """What came of one series.

    Attributes:
        gained: By its slope, over the time that was judged, in its own unit.
        allowed: What it might have gained.
    """

    series: Series
    median: float
    gained: float
    allowed: float

    @property
    def grows(self) -> bool:
        """Whether it gained more than it might."""
        return self.series.judged and self.gained > self.allowed


Points = Sequence[tuple[float, float]]
"""(seconds, value), in the order of time."""


def warm_up(whole: float) -> float:
    """How much of a soak of so many seconds is not judged."""
    return min(max(whole * WARM_UP_SHARE, WARM_UP_AT_LEAST), whole / 2)


def slope(points: Points) -> float:
    """Gain per second. 0 for fewer than two points."""
    step = max(1, -(-len(points) // MOST_POINTS))
    pairs = combinations(points[::step], 2)
    slopes = [(b - a) / (then - now) for (now, a), (then, b) in pairs if then > now]
    return statistics.median(slopes) if slopes else 0.0


def judge(series: Series, points: Points, whole: float) -> Judgement:
    """Judge what was sampled in a soak of `whole` seconds."""
    after = [point for point in points if point[0] >= warm_up(whole)]
    if not after:
        return Judgement(series, 0, 0, 0)
    median = statistics.median(value for _, value in after)
    gained = slope(after) * (after[-1][0] - after[0][0])
    allowed = max((series.share or 0) * abs(median), series.amount or 0)
    return Judgement(series, median, gained, allowed)
