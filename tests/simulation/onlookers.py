"""Watchers: clients (or observers, who do not register) whose view is kept by the client's own
`View`, and which go on where they were when they come back.
"""

from random import Random
from typing import TYPE_CHECKING

from tests.simulation.machines import LIVE, Machine
from tests.simulation.network import Link
from tests.simulation.witness import Subject

from lastseen.client.view import Gap, View
from lastseen.shared.messages import ClientList, Diff, GetSettings, Message, ToClient, Watch
from lastseen.shared.wire import to_frame

if TYPE_CHECKING:
    from tests.simulation.people import Society


class Onlooker(Machine):
    """Attributes:
    view: What it knows.
    reads: Whether it reads what comes; one that does not is dismissed as slow, in time.
    whole: Whether the answer to its `watch` is all there.
    gaps: How often it had missed something, and asked again.
    """

    __slots__ = ("gaps", "reads", "registers", "view", "whole")

    def __init__(
        self,
        society: "Society",
        number: int,
        subject: Subject,
        chance: Random,
        delay: float,
        *,
        registers: bool,
    ) -> None:
        super().__init__(society, number, subject, chance, delay)
        self.registers = registers
        self.view = View()
        self.reads = True
        self.whole = False
        self.gaps = 0

    def is_well(self, settled: float) -> bool:
        return self.reads and super().is_well(settled)

    def opening(self) -> Message:
        return super().opening() if self.registers else GetSettings(request_id=1)

    def opened(self) -> None:
        self.view.abandon_snapshot()
        self.whole = False
        self._ask()

    def connected(self, link: Link) -> None:
        link.deaf = not self.reads
        super().connected(link)

    def told(self, message: ToClient) -> None:
        if isinstance(message, ClientList | Diff):
            try:
                self.view.apply(message)
            except Gap:
                self.gaps += 1
                self.view.forget_position()
                self._ask()
            if message.request_id is not None:
                self.whole = not (isinstance(message, ClientList) and message.after is not None)

    def stop_reading(self) -> None:
        """It holds still, like a program that hangs."""
        self.trouble()
        self.reads = False
        if self.link is not None:
            self.link.deaf = True

    def read_on(self) -> None:
        self.trouble()
        self.reads = True
        if self.link is not None:
            self.link.deaf = False
            if not self.link.dark:
                self.link.sock.drain()

    def _ask(self) -> None:
        if self.phase is LIVE and self.link is not None:
            self.link.up(to_frame(Watch(self.view.epoch, self.view.revision, request_id=2)))
