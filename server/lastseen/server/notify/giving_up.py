"""Gives up what waits for channels that are off or no more: what was news when it was decided is
none when the channel is there again.

Each is seen to once nothing is on its way by it and all that was decided is written. Until that is
done it stays off, whatever the settings say by then.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

import trio
from msgspec.structs import replace

from lastseen.server import logs
from lastseen.server.config.sections.channels import Channel
from lastseen.server.keeping.threads import InThread
from lastseen.server.notify.pace import STORE_PAUSE
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.telling import Telling, Waiting

OFF, GONE = "given up: the channel was off", "given up: the channel was no more"
"""What is said of each delivery."""

PORTION = 500
"""Clients in one go: a few milliseconds."""

log = logs.get_logger()


class Waits(Protocol):
    """What is needed of the store; every method blocks, and may raise StoreUnavailable."""

    def waiting_clients(self, channel: str) -> list[str]:
        """The client_ids of all that is pending."""

    def waiting(self, channel: str, client_ids: Sequence[str]) -> list[Waiting]:
        """What is pending of these."""


class Keeper(Protocol):
    """Who writes to the store, in the order in which things were decided."""

    def tell(self, telling: Telling) -> None:
        """Have something kept."""

    async def caught_up(self) -> None:
        """Wait until what was decided up to now is in the store."""


class Decider(Protocol):
    """Who knows where channels stand."""

    def give_up(self, lines: Sequence[Waiting], why: str, now: float) -> Telling:
        """What waits for a channel that is off, or no more, is not sent."""


class GivingUp:
    """Sees to channels that were turned off or taken out."""

    def __init__(
        self,
        store: Waits,
        keeper: Keeper,
        outbox: Decider,
        ended: Callable[[str], Awaitable[None]],
        done: Callable[[], None],
        now: Callable[[], float],
        in_thread: InThread,
    ) -> None:
        """`ended` waits until nothing is on its way by a channel; `done` is called when one has
        been seen to, and `now` is the clock of the schedule.
        """
        self._store = store
        self._keeper = keeper
        self._outbox = outbox
        self._ended = ended
        self._done = done
        self._now = now
        self._in_thread = in_thread
        self._under_way: dict[str, str] = {}  # why, by the channel's name
        self._forgotten = 0  # how many clients, in all
        self._nursery: trio.Nursery | None = None

    def begin(self, name: str, why: str) -> None:
        """See to a channel, which is told nothing any more."""
        if name not in self._under_way:
            self._under_way[name] = why
            if self._nursery is not None:
                self._nursery.start_soon(self._see_to, name)

    async def run(self) -> None:
        """See to those that were begun, and to those that will be, until cancelled."""
        async with trio.open_nursery() as self._nursery:
            for name in self._under_way:
                self._nursery.start_soon(self._see_to, name)
            await trio.sleep_forever()

    def forgotten(self) -> None:
        """A client is forgotten: what was found of it is no more."""
        self._forgotten += 1

    def is_under_way(self, name: str) -> bool:
        """Whether a channel is being seen to."""
        return name in self._under_way

    def still_off(self, channels: Iterable[Channel]) -> list[Channel]:
        """Channels as they are to be taken for now: those that are being seen to are off."""
        return [
            replace(channel, enabled=channel.enabled and not self.is_under_way(channel.name))
            for channel in channels
        ]

    async def _see_to(self, name: str) -> None:
        given_up: int | None = None
        while given_up is None:
            try:
                given_up = await self._give_up(name)
            except StoreUnavailable:
                await trio.sleep(STORE_PAUSE)  # the keeper says so
            except Exception:  # a fault in this must end neither the telling nor presence
                log.exception("giving up crashed; it is tried again", channel=name)
                await trio.sleep(STORE_PAUSE)
        why = self._under_way.pop(name)
        if given_up:
            log.warning("what waited is not sent", channel=name, why=why, deliveries=given_up)
        self._done()

    async def _give_up(self, name: str) -> int:
        await self._ended(name)
        await self._keeper.caught_up()
        waiting: list[str] = await self._in_thread(self._store.waiting_clients, name)
        count = 0
        for start in range(0, len(waiting), PORTION):
            some = waiting[start : start + PORTION]
            lines = await self._find(name, some)
            self._keeper.tell(self._outbox.give_up(lines, self._under_way[name], self._now()))
            count += sum(len(line.pending) for line in lines)
        await self._keeper.caught_up()  # till then a digest that was begun would be sent
        return count

    async def _find(self, name: str, client_ids: Sequence[str]) -> list[Waiting]:
        """What waits of these, none of whom was forgotten since it was looked for."""
        while True:
            forgotten = self._forgotten
            lines: list[Waiting] = await self._in_thread(self._store.waiting, name, client_ids)
            if forgotten == self._forgotten:
                return lines
