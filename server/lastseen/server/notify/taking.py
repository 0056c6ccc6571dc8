"""What a channel is sent next: each delivery by itself, or all that gathered as one digest."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from msgspec import Struct

from lastseen.server.config.sections.channels import Channel
from lastseen.server.keeping.threads import InThread
from lastseen.server.notify.notice import Item, Message, from_json
from lastseen.server.notify.tally import Tally
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.telling import Attempt, BrokenChannel, Delivery

DIGESTED_AT_ONCE = 5_000
"""Deliveries told by one digest at most."""

FOREVER = float("inf")


class Deliveries(Protocol):
    """What is needed of the store; every method blocks, and may raise StoreUnavailable."""

    def due(self, channel: str, until: float, limit: int) -> list[Delivery]:
        """Pending ones that are due, of each client only its first pending one."""

    def claim(self, channel: str, until: float, message: str, limit: int) -> list[Delivery]:
        """Pending ones that are due, and that a message of this name tells from now on."""

    def claimed(self, channel: str) -> list[Delivery]:
        """Those of the oldest message that is still pending."""

    def next_due(self, channel: str) -> float | None:
        """When the first pending one is due."""

    def settle(self, attempts: Sequence[Attempt]) -> None:
        """Note what became of some."""

    def divide(self, parts: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Have messages of these names tell deliveries of these keys, in place of the one that told
        them so far.
        """

    def hasten(self, channel: str, now: float) -> None:
        """What was tried in vain is due now."""

    def mark_broken(self, broken: BrokenChannel) -> None:
        """Note that a channel refused for good."""

    def mend(self, channel: str) -> object:
        """Note that a channel is tried again, if it refused."""


class Outgoing(Struct, frozen=True):
    """A message on its way, and how often it was tried before."""

    message: Message
    attempts: int


class Supply(Struct, frozen=True):
    """Where messages are taken from.

    Attributes:
        written_until: Waits until what was decided up to the call is in the store, and returns the
            moment of the call. Only what is due by then is sent: whether it is withdrawn is known.
        now: The clock of the schedule.
        new_name: A name that was never used, for a digest.
    """

    deliveries: Deliveries
    in_thread: InThread
    written_until: Callable[[], Awaitable[float]]
    now: Callable[[], float]
    new_name: Callable[[], str]


class Singles:
    """Each delivery is a message of its own, and bears the delivery's name."""

    def __init__(self, channel: Channel, supply: Supply) -> None:
        self._channel = channel
        self._supply = supply

    async def take(self, limit: int) -> list[Outgoing]:
        """Messages that are due, in their order; no two of one client."""
        supply = self._supply
        until = await supply.written_until()
        due = await supply.in_thread(supply.deliveries.due, self._channel.name, until, limit)
        return [Outgoing(Message(d.key, (_item(d),)), d.attempts) for d in due]

    async def next_in(self) -> float:
        """Seconds until there is something to take; FOREVER while there is nothing."""
        supply = self._supply
        due_at: float | None = await supply.in_thread(
            supply.deliveries.next_due, self._channel.name
        )
        return FOREVER if due_at is None else due_at - supply.now()

    def hurry(self) -> None:
        """Nothing gathers: what is due is taken anyway."""


class Digests:
    """What gathers for a while is one message."""

    def __init__(self, channel: Channel, supply: Supply, tally: Tally) -> None:
        self._channel = channel
        self._supply = supply
        self._tally = tally
        self._in_a_hurry = False

    async def take(self, limit: int) -> list[Outgoing]:  # noqa: ARG002 - one at a time
        """The message that is due, if one is.

        Which deliveries it tells is kept before it is sent, so that a repeat after a crash tells
        the same by the same name.
        """
        # A hurry is over before one looks: what is retried meanwhile may be missed, and is another.
        hurried, self._in_a_hurry = self._in_a_hurry, False
        try:
            if not hurried and await self.next_in() > 0:
                return []
            claimed = await self._claim()
        except StoreUnavailable:
            self._in_a_hurry |= hurried
            raise
        return [_digest(claimed)] if claimed else []

    async def next_in(self) -> float:
        """Seconds until what gathers is told: `group_wait` after the first of it was due, and
        `group_interval` after the last message; FOREVER while there is nothing.
        """
        supply = self._supply
        first: float | None = await supply.in_thread(supply.deliveries.next_due, self._channel.name)
        if first is None:
            return FOREVER
        opens = max(
            first + self._channel.group_wait,
            self._tally.last_sent + self._channel.group_interval,
        )
        return opens - supply.now()

    def hurry(self) -> None:
        """What is due when it is looked for next is told then, and waits for no others."""
        self._in_a_hurry = True

    async def _claim(self) -> list[Delivery]:
        supply, name = self._supply, self._channel.name
        until = await supply.written_until()
        claimed: list[Delivery] = await supply.in_thread(
            supply.deliveries.claim, name, until, supply.new_name(), DIGESTED_AT_ONCE
        )
        return claimed


class Taker:
    """Takes from the store what a channel is sent next, in the way that its settings want.

    A digest that was begun goes first, and alone: nothing overtakes it.
    """

    def __init__(self, channel: Channel, supply: Supply, tally: Tally) -> None:
        digests = channel.group_wait > 0 or channel.group_interval > 0
        self._fresh = Digests(channel, supply, tally) if digests else Singles(channel, supply)
        self._channel = channel
        self._supply = supply

    async def take(self, limit: int) -> tuple[list[Outgoing], float]:
        """Messages to be sent now, at most `limit`; and if there are none, for how many seconds
        there will be none, as far as is known.

        Raises:
            StoreUnavailable: The store does not answer.
        """
        supply = self._supply
        begun: list[Delivery] = await supply.in_thread(
            supply.deliveries.claimed, self._channel.name
        )
        if begun:
            wait = begun[0].due_at - supply.now()
            return ([], wait) if wait > 0 else ([_digest(begun)], 0.0)
        outgoing = await self._fresh.take(limit)
        return outgoing, 0.0 if outgoing else max(0.0, await self._fresh.next_in())

    def hurry(self) -> None:
        """Something of what is due is to be told now, whatever it was to be told together with."""
        self._fresh.hurry()


def _digest(claimed: Sequence[Delivery]) -> Outgoing:
    message = Message(claimed[0].message, tuple(map(_item, claimed)), digest=True)
    return Outgoing(message, max(d.attempts for d in claimed))


def _item(delivery: Delivery) -> Item:
    notice = from_json(delivery.kind, delivery.notice)
    return Item(delivery.key, delivery.kind, notice, delivery.event_id)
