"""A client's events as the periods between them: what it was, for how long, and why. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import Any, NamedTuple

from lastseen.client.commands.output import safe, short_duration, stamp
from lastseen.shared.messages import EventRecord

_UNSAID = ("registered", "returned")
"""Reasons that say no more than that a client is online."""

_WORTH_TELLING = 1.0
"""Seconds between the last sign of life and an end that was noticed later."""


class Period(NamedTuple):
    """The time from an event to the next one.

    Attributes:
        seconds: How long it lasted; None while it does.
        so_far: How long it has lasted by now.
        restarted: Whether the server restarted meanwhile: it then awaits clients as late, which is
            no event.
    """

    event: EventRecord
    seconds: float | None
    so_far: float
    restarted: bool = False


def periods(events: Sequence[EventRecord], now: datetime) -> list[Period]:
    """One for each event, which are given and returned the oldest first."""
    told = [_between(event, following) for event, following in pairwise(events)]
    return [*told, *(Period(last, None, _seconds(last.at, now)) for last in events[-1:])]


def lines(events: Sequence[EventRecord], now: datetime, zone: tzinfo | None) -> Iterator[str]:
    """A line for each time that the client came online, and what followed; the oldest first.

    Times are told in `zone`, None being where we are.
    """
    line: list[Period] = []
    for period in periods(events, now):
        if line and period.event.after == "online":
            yield _line(line, zone)
            line = []
        line.append(period)
    if line:
        yield _line(line, zone)


def to_dict(period: Period) -> dict[str, Any]:
    """Every field of the event, and how many seconds it was so (None: it still is)."""
    event = period.event
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return fields | {"duration": period.seconds}


def _line(line: Sequence[Period], zone: tzinfo | None) -> str:
    began = stamp(line[0].event.at.astimezone(zone))
    return f"{began}  {', then '.join(map(_told, line))}"


def _told(period: Period) -> str:
    """`offline 4 min: timeout (last seen 2 min 5 s before)`."""
    event = period.event
    told = f"{event.after} {short_duration(period.so_far)}"
    if period.seconds is None:
        told += " so far"
    if event.reason not in _UNSAID:
        told += f": {safe(event.reason)}"
    silence = _seconds(event.last_seen, event.at)
    if event.after == "offline" and silence >= _WORTH_TELLING:
        told += f" (last seen {short_duration(silence)} before)"
    return told + (" (the server restarted meanwhile)" if period.restarted else "")


def _between(event: EventRecord, following: EventRecord) -> Period:
    lasted = _seconds(event.at, following.at)
    restarted = event.after != following.before and event.epoch != following.epoch
    return Period(event, lasted, lasted, restarted)


def _seconds(begin: datetime, end: datetime) -> float:
    """Never less than none: clocks are set back."""
    return max(0.0, (end - begin).total_seconds())
