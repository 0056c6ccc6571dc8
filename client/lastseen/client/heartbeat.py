"""When the next ping is due: an interval after the last one, whatever it was when that was sent."""

import trio


class Heartbeat:
    """The interval between pings, which the server may change at any time.

    Attributes:
        interval: Seconds; 0 before the server has said.
    """

    def __init__(self) -> None:
        self.interval = 0.0
        self._changed = trio.lowlevel.ParkingLot()

    def follow(self, interval: float) -> None:
        """Take another interval; who waits for the old one waits for the new one from now on."""
        self.interval = interval
        self._changed.unpark_all()

    async def until_due(self, last_ping: float) -> None:
        """Return `interval` seconds after `last_ping`, a time of trio's clock.

        A process that slept past the moment returns at once: it pings, and the server decides.
        """
        while trio.current_time() < (due := last_ping + self.interval):
            with trio.move_on_at(due):
                await self._changed.park()
