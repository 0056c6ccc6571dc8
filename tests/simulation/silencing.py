"""Law 4 of silences (docs/notifications.md): an outage that is not told when a silence begins is
told `delay` after its end at the earliest; a return from an outage that was told is told at once.
"""

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from tests.simulation.world import World

GROUP = "zone-1"
"""The only group that is ever silenced."""

LONGEST = 1200.0
"""Seconds: the longest silence that is ordered (`incidents`)."""

SLACK = 3.0
"""Seconds in which the server notices the end of a silence and goes through all clients."""


class Stretch(Struct):
    """A time in which silences covered GROUP without a gap, in moments of the world.

    Attributes:
        since: When the server was first seen to be silent.
        covered: When it was last seen to be silent.
        until: When it was first seen not to be silent any more.
    """

    since: float
    covered: float
    until: float = float("inf")


class Silencing:
    """Looks at each tick whether the server says that a silence is in force."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.stretches: list[Stretch] = []

    def tick(self) -> None:
        """Look at the server, if it is up."""
        world, server = self._world, self._world.server
        if server is None or not world.is_up:
            return
        is_silent = bool(server.notifications.notifier._outbox.quiet)
        goes_on = bool(self.stretches) and self.stretches[-1].until == float("inf")
        if is_silent and not goes_on:
            self.stretches.append(Stretch(world.now, world.now))
        elif is_silent:
            self.stretches[-1].covered = world.now
        elif goes_on:
            self.stretches[-1].until = world.now

    def counts_from(self, outage_at: float, delay: float) -> float:
        """The moment from which `delay` counts: that of the outage, or the end of a silence that
        began before the delay was over.
        """
        moment = outage_at
        for stretch in self.stretches:
            if stretch.since < moment + delay + SLACK and stretch.until > moment:
                moment = stretch.until
        return moment

    def too_early(self, outage_at: float, delay: float, told_at: float) -> float | None:
        """By how many seconds an outage was told too early; None: it was not.

        A stretch counts only if it surely began before the outage was due. Its end is between
        `covered` and `until`: the former counts.
        """
        moment = outage_at
        for stretch in self.stretches:
            if stretch.since < moment + delay - SLACK and stretch.covered > moment:
                moment = stretch.covered
        early = moment + delay - told_at
        return early if moment != outage_at and early > SLACK else None

    def covers(self, since: float, until: float) -> bool:
        """Whether one silence covered all of the time between two moments."""
        return any(s.since < since and until < s.covered for s in self.stretches)
