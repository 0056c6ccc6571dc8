"""When the next ping is due: an interval after the last one, whatever it was when that was sent."""

from math import inf

import trio


class Heartbeat:
    """The interval between pings, which the server may change at any time.

    Attributes:
        asked: Seconds, as the server said; 0 before it has.
    """

    def __init__(self) -> None:
        self.asked = 0.0
        self._longest = inf
        self._changed = trio.lowlevel.ParkingLot()

    @property
    def interval(self) -> float:
        """Seconds between pings; 0 before the server has said."""
        return min(self.asked, self._longest)

    def follow(self, interval: float) -> None:
        """Take another interval from the server; a wait that runs is changed, too."""
        self.asked = interval
        self._changed.unpark_all()

    def limit(self, longest: float) -> None:
        """Ping at least every `longest` seconds, even if the server asks for less."""
        self._longest = longest
        self._changed.unpark_all()

    async def until_due(self, last_ping: float) -> None:
        """Return `interval` seconds after `last_ping`, a time of trio's clock.

        A process that slept past the moment returns at once: it pings, and the server decides.
        """
        while trio.current_time() < (due := last_ping + self.interval):
            with trio.move_on_at(due):
                await self._changed.park()
