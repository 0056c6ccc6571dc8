"""What clients were when, as stretches to be drawn. Pure.

Unlike uptime, which counts an outage from the last sign of life, a timeline shows each status from
the moment at which it was decided, as everyone saw it.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from lastseen.server.store.model import Event, Run
from lastseen.server.store.uptime import Stretch, merged
from lastseen.shared.messages import Status

SHORTEST = 0.001
"""Seconds that a stretch must last to be drawn. When a client was first seen and when it came are
one moment, rounded in two ways."""


class Span(Struct, frozen=True, gc=False):
    """A stretch of one status, in Unix time."""

    since: float
    until: float
    status: Status


class Timelines(Struct, frozen=True):
    """What several clients were in a window of time.

    Attributes:
        unwatched: When the server was not awake to watch.
        spans: Of each client, by its id: in order and without gaps.
    """

    unwatched: list[Stretch]
    spans: dict[str, list[Span]]


def spans(events: Sequence[Event], since: float, until: float, *, before: Status) -> Iterator[Span]:
    """A client's stretches between two moments.

    Args:
        events: Its events from `since` on, in the order in which they were recorded.
        since: Unix time of the window's begin, or of when the client was first seen.
        until: Unix time of the window's end.
        before: Its status where there are no events; otherwise the first tells it.
    """
    status = events[0].before if events else before
    for event in events:
        at = min(max(event.at, since), until)
        if event.after == status:
            continue
        if (
            at - since >= SHORTEST
        ):  # of two in one moment, or with a clock set back, the later counts
            yield Span(since, at, status)
            since = at
        status = event.after
    if until > since:
        yield Span(since, until, status)


def unwatched(runs: Iterable[Run], since: float, until: float) -> Iterator[Stretch]:
    """The stretches between two moments in which no run of the server was awake."""
    for begin, end in merged((run.started_at, run.heartbeat_at) for run in runs):
        if begin > since:
            yield since, min(begin, until)
        since = max(since, end)
        if since >= until:
            return
    if since < until:
        yield since, until
