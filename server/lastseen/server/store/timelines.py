"""What clients were when, as stretches to be drawn. Pure.

Unlike uptime, which counts an outage from the last sign of life, a timeline shows each status from
the moment at which it was decided, as everyone saw it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

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


def spans(
    events: Sequence[Event],
    since: float,
    until: float,
    *,
    before: Status,
    now: Status | None = None,
    starts: Mapping[str, float] = {},
    epoch: str = "",
) -> Iterator[Span]:
    """A client's stretches between two moments.

    A restart awaits a client that was present as `late`, which is no event. If the client returns,
    it was online all along, as far as the server watched. If it does not, it is late from the start
    of the run on.

    Args:
        events: Its events from `since` on, in the order in which they were recorded.
        since: Unix time of the window's begin, or of when the client was first seen.
        until: Unix time of the window's end.
        before: Its status when the window begins, as the event before the window left it.
        now: Its status now; None: as the last event left it.
        starts: When each run of the server began, in Unix time, by its epoch.
        epoch: The run that is awake.
    """
    changes: list[tuple[float, Status]] = []
    status = before
    for event in events:
        if event.after != status:
            if event.before != status:
                changes.append((min(starts.get(event.epoch, event.at), event.at), event.before))
            changes.append((event.at, event.after))
        status = event.after
    if now is not None and now != status:
        changes.append((starts.get(epoch, until), now))
    status = before
    for moment, after in changes:
        at = min(max(moment, since), until)
        # Of two in one moment, or with a clock set back, the later counts.
        if at - since >= SHORTEST and after != status:
            yield Span(since, at, status)
            since = at
        status = after
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
