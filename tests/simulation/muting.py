"""Law 4 of channels that were off for a while (docs/notifications.md): while one is off, nothing
comes by it; once it is on again, it is told what is so by then, and not what is over.
"""

from typing import TYPE_CHECKING

from msgspec import Struct, field
from tests.simulation.receivers import Told
from tests.simulation.records import Records, happened, pending

if TYPE_CHECKING:
    from tests.simulation.world import World

LAG = 2.0
"""Awake seconds in which a server has followed its settings, and what was on its way came in."""

GIVES_UP = 60.0
"""Awake seconds in which a channel that is off has given up what waited, its store being well: a
message that hangs takes `timeout`, 10 of these."""

LAST = 60.0
"""Seconds before the end of a world of which not all may be told."""

LONG = 2 * 3600.0
"""Seconds in which a channel that was turned on is on, whatever was wrong just then."""

PROMPT = 5.0
"""Seconds after it is due in which something is told, while nothing is wrong."""


class Muting(Struct):
    """A time in which a channel was off, in moments of the world.

    Attributes:
        kept: Deliveries that were pending still when the server was started with the channel on:
            it was stopped before it had given them up, and sends them after all.
        smooth: Whether nothing was wrong when it was turned on.
    """

    since: float
    until: float = float("inf")
    kept: set[str] = field(default_factory=set)
    smooth: bool = False


class Mutings:
    """Which channels were off when, by the settings that each run of the server had."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._of: dict[str, list[Muting]] = {name: [] for name in world.receivers}

    def of(self, channel: str) -> list[Muting]:
        """The times in which a channel was off, in order."""
        return self._of[channel]

    def note(self, *, starting: bool = False) -> None:
        """The server has other settings from now on, or is started with these."""
        now = self._world.now
        for channel in self._world.config.notify.channels:
            mutings = self._of[channel.name]
            was_off = bool(mutings) and mutings[-1].until > now
            if not channel.enabled and not was_off:
                mutings.append(Muting(now))
            elif channel.enabled and was_off:
                mutings[-1].until = now
                mutings[-1].smooth = self._is_smooth(channel.name)
            if starting and channel.enabled and mutings:
                self._keep(channel.name, mutings[-1])

    def _is_smooth(self, name: str) -> bool:
        world = self._world
        return world.disk.well and world.receivers[name].mood == "well"

    def _keep(self, name: str, muting: Muting) -> None:
        """What waited when the channel was turned off is sent; not if there was time to give up."""
        for row in pending(self._world, name):
            if self._world.awake_between(muting.since, happened(self._world, row)) <= LAG:
                muting.kept.add(row.key)
                if muting.until == self._world.now and self._had_time(muting):
                    self._world.breach(4, f"{name}: was off, and {row.key} ({row.kind}) waits")

    def _had_time(self, muting: Muting) -> bool:
        world, until = self._world, min(muting.until, self._world.now)
        if not world.disk.well or any(
            muting.since < at < until and not who for at, who in world.troubles
        ):
            return False
        awake = [
            min(end, until) - max(begin, muting.since)
            for run in world.runs
            for begin, end in run.stretches(until)
        ]
        return max(awake, default=0.0) > GIVES_UP


class Muted:
    """What one channel may and must be told, as it was off now and then."""

    def __init__(self, world: "World", channel: str, records: Records) -> None:
        self._world = world
        self._name = channel
        self._records = records
        self._mutings = world.mutings.of(channel)
        self._given_up = [
            row
            for row in records.deliveries.values()
            if row.channel == channel and row.state == "withdrawn" and (row.attempts or row.message)
        ]

    # --- what it may be told

    def complaint(self, item: Told) -> str:
        """Why this should not have come; "" where it may."""
        for muting in self._mutings:
            if muting.since < item.at < muting.until:
                late = self._world.awake_between(muting.since, item.at)
                if late > LAG:
                    return f"told {late:.1f} s after the channel was turned off"
        on = self.on_before(item.at)
        if on is None or item.key in on.kept:
            return ""
        at = over = happened(self._world, self._records.deliveries[item.key])
        if item.kind != "flapping" and item.event_id is not None:
            over = self._records.over[item.event_id]
        if at < on.until and over < on.until:
            return f"told after the channel was turned on at {on.until:.1f}, though over by then"
        return ""

    def may_repeat(self, before: Told, item: Told) -> bool:
        """Whether the same may be told under another id: the channel was off in between, and the
        server did not know that it had been taken.
        """
        was_noted = self._records.deliveries[before.key].state == "sent"
        return self.was_off_between(before.at, item.at) and not was_noted

    def may_return(self, before: Told | None, item: Told) -> bool:
        """Whether a return may be told to one that knows of no outage: that was tried, and may have
        arrived for all the server knew, when it was given up. Ids are the order of telling.
        """
        order = self._records.deliveries
        since = 0 if before is None else order[before.key].id
        return any(
            row.client_id == item.client_id and since <= row.id < order[item.key].id
            for row in self._given_up
        )

    def was_given_up_unnoted(self, item: Told) -> bool:
        """Whether the server was killed before it noted so much as that it had tried, and started
        with the channel off: then it counts as not told.
        """
        row = self._records.deliveries[item.key]
        run = next(run for run in reversed(self._world.runs) if run.began_at <= item.at)
        was_given_up = row.state == "withdrawn" and not (row.attempts or row.message)
        return was_given_up and run.clean is False

    # --- when it was on and off

    def on_before(self, moment: float) -> Muting | None:
        """The last time it was off before a moment at which it is on."""
        return next((m for m in reversed(self._mutings) if m.until <= moment), None)

    def was_off_between(self, since: float, until: float) -> bool:
        """Whether it was off at some time within."""
        return any(m.since < until and since < m.until for m in self._mutings)

    def must_know(self, since: float, until: float) -> bool:
        """Whether what is so (and due) between two moments must be told: the channel is on for long
        enough, and what waits is not given up when it is turned off the next time.
        """
        until = min(until, self._world.now - LAST)
        for begin, end in self._stretches():
            due = max(since, begin)
            if until - due < (LAG if begin > since else 0.0):
                continue
            quiet = self._world.was_quiet(due, due + PROMPT, self._name)
            if end == float("inf") or (quiet and min(end, until) - due > PROMPT + LAG):
                return True
        return False

    def _stretches(self) -> list[tuple[float, float]]:
        found, begin = [], float("-inf")
        for muting in self._mutings:
            found.append((begin, muting.since))
            is_smooth = muting.smooth and not self._world.was_disturbed(
                muting.until - 2 * GIVES_UP, muting.until + LAG, self._name
            )
            begin = muting.until + (LAG if is_smooth else LONG)
        return [*found, (begin, float("inf"))]
