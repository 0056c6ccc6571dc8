"""How much of the time that the server watched a client was online. Pure.

A client is online from the event that brought it online to its last sign of life before the one
that took it offline: an outage begins when it fell silent, not when that was noticed. Late counts
as online if it came back. Time in which the server was not awake, and time before the client was
first seen, counts neither as online nor as watched.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from lastseen.server.store.model import Event, Run, Uptime

Stretch = tuple[float, float]
"""From, to: Unix seconds."""


class Watch:
    """When the server watched, ready to be measured."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self._stretches = list(merged((run.started_at, run.heartbeat_at) for run in runs))
        self._begins = [begin for begin, _ in self._stretches]
        self._before = [0.0]  # seconds watched before each stretch
        for begin, end in self._stretches:
            self._before.append(self._before[-1] + end - begin)

    def between(self, begin: float, end: float) -> float:
        """Seconds watched from one moment to another."""
        return max(0.0, self._until(end) - self._until(begin))

    def _until(self, moment: float) -> float:
        index = bisect_right(self._begins, moment) - 1
        if index < 0:
            return 0.0
        begin, end = self._stretches[index]
        return self._before[index] + min(moment, end) - begin


def online(events: Iterable[Event], begin: float, now: float, *, at_end: bool) -> Iterator[Stretch]:
    """When a client was online between two moments, in order and without overlap.

    Args:
        events: Its events from `begin` on, in the order in which they were recorded. What the
            first says of the time before it tells how the client began.
        begin: Unix time from which it is asked.
        now: Unix time until which it is asked.
        at_end: Whether it is online if there are no events at all.
    """
    since: float | None = begin
    first = True
    for event in events:
        if first and event.before == "offline":
            since = None
        first = False
        if event.after != "offline":
            since = event.at if since is None else since
        elif since is not None:
            yield from _stretch(since, min(event.last_seen, event.at), begin, now)
            begin, since = max(begin, min(event.at, now)), None
    if since is not None and (at_end or not first):
        yield from _stretch(since, now, begin, now)


def measure(
    stretches: Iterable[Stretch],
    watch: Watch,
    first_seen: float,
    windows: Sequence[float],
    now: float,
) -> tuple[Uptime, ...]:
    """The uptime over each window of so many seconds that ends now."""
    begins = [max(now - window, first_seen) for window in windows]
    sums = [0.0] * len(windows)
    for begin, end in stretches:
        for index, start in enumerate(begins):
            if end > start:
                sums[index] += watch.between(max(begin, start), end)
    return tuple(
        Uptime(window, watch.between(begin, now), online_seconds)
        for window, begin, online_seconds in zip(windows, begins, sums, strict=True)
    )


def _stretch(begin: float, end: float, earliest: float, latest: float) -> Iterator[Stretch]:
    """The part that lies between two moments, unless it is empty: clocks may have been set back."""
    begin, end = max(begin, earliest), min(end, latest)
    if begin < end:
        yield begin, end


def merged(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """The same time in order and without overlap."""
    ordered = sorted((begin, end) for begin, end in stretches if begin < end)
    if not ordered:
        return
    begin, end = ordered[0]
    for next_begin, next_end in ordered[1:]:
        if next_begin > end:
            yield begin, end
            begin, end = next_begin, next_end
        else:
            end = max(end, next_end)
    yield begin, end
