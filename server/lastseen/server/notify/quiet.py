"""When nothing is told, and of whom: silences that somebody ordered, and planned maintenance.

Pure: the time is an argument. Monitoring goes on meanwhile and history is kept; only the telling
stops, and what is still offline when it ends is told then.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from msgspec import Struct

from lastseen.server.config.sections.notify import DAYS, Maintenance
from lastseen.server.store.telling import Silence


class Matcher(Struct, frozen=True):
    """Whom a silence or a window covers: where both are given, clients that fit both.

    Attributes:
        clients: client_ids or globs, of which one must fit; none: anybody.
        groups: Of which the client must be in one; none: whatever its groups.
    """

    clients: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def covers(self, client_id: str, groups: Iterable[str]) -> bool:
        """Whether a client is one of them."""
        return (
            not self.clients or any(fnmatchcase(client_id, glob) for glob in self.clients)
        ) and (not self.groups or not set(self.groups).isdisjoint(groups))

    @property
    def covers_all(self) -> bool:
        """Whether it covers everybody there could be."""
        return not self.groups and (not self.clients or "*" in self.clients)


MIDNIGHT = "24:00"
"""As an end; `datetime` knows it as the next day's beginning only."""

Quiet = frozenset[Matcher]
"""What is covered at one moment."""


def in_force(
    silences: Iterable[Silence], windows: Iterable[Maintenance], now: float, wall: float
) -> Quiet:
    """What is covered at a moment (Unix time).

    A silence begins when it is ordered and lasts for so many seconds, so it goes by `now`, the
    schedule's clock: setting the machine's clock does not change it. Maintenance goes by the
    calendar, so by `wall`.
    """
    return frozenset(
        [matcher_of(silence) for silence in silences if now < silence.until]
        + [Matcher(w.clients, w.groups) for w in windows if is_open(w, wall)]
    )


def matcher_of(silence: Silence) -> Matcher:
    """Whom a silence covers."""
    return Matcher(
        () if silence.client is None else (silence.client,),
        () if silence.group is None else (silence.group,),
    )


def is_open(window: Maintenance, wall: float) -> bool:
    """Whether it is time for a planned maintenance.

    A window belongs to the day on which it starts, by the clocks of its time zone, and may pass
    midnight. Where clocks are changed, a time may come twice or not at all: the window is then the
    longest of those that could be meant, so that it is never left out.
    """
    return closes_at(window, wall) is not None


def closes_at(window: Maintenance, wall: float) -> float | None:
    """When a planned maintenance that goes on at a moment will end (Unix time); None: it does
    not go on.
    """
    zone = ZoneInfo(window.timezone)
    now = datetime.fromtimestamp(wall, zone)
    start = time.fromisoformat(window.start)
    end = time() if window.end == MIDNIGHT else time.fromisoformat(window.end)
    for day in (now.date(), now.date() - timedelta(days=1)):
        if window.days and DAYS[day.weekday()] not in window.days:
            continue
        last_day = day if start < end else day + timedelta(days=1)
        begins = min(_readings(day, start, zone))
        ends = max(_readings(last_day, end, zone))
        if begins <= wall < ends:
            return ends
    return None


def _readings(day: date, clock: time, zone: ZoneInfo) -> tuple[float, float]:
    """The moments that a time of day may mean: by the clock before a change, and after it."""
    local = datetime.combine(day, clock, zone)
    return local.timestamp(), local.replace(fold=1).timestamp()
