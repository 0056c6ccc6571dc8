"""Who is told: receivers that take messages, fail, hang, want to be left alone, or refuse for good;
each remembers all that ever reached it.
"""

from collections.abc import Callable
from random import Random
from typing import Literal

import trio
from msgspec import Struct

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.notice import ClientNotice, Item, Message

Mood = Literal["well", "failing", "hanging", "busy", "deaf to answers", "broken"]

TAKES = 0.05
"""Seconds for a message to be taken."""


class Told(Struct, frozen=True):
    """One item as it reached a receiver: the first time that one of its key did."""

    at: float
    key: str
    kind: str
    client_id: str
    event_id: int | None
    message: str


class Receiver:
    """The other end of one channel, whatever runs of the server send to it.

    Attributes:
        told: In the order in which it came, repeats left out.
        repeats: How many repeats there were.
    """

    def __init__(self, name: str, world_now: Callable[[], float]) -> None:
        self.name = name
        self.mood: Mood = "well"
        self.told: list[Told] = []
        self.repeats = 0
        self._known: set[str] = set()
        self._now = world_now

    def take(self, message: Message) -> None:
        for item in message.items:
            if item.key in self._known:
                self.repeats += 1
            else:
                self._known.add(item.key)
                self.told.append(self._as_told(item, message))

    def _as_told(self, item: Item, message: Message) -> Told:
        about = item.notice.client.client_id if isinstance(item.notice, ClientNotice) else ""
        return Told(self._now(), item.key, item.kind, about, item.event_id, message.id)


class Sender:
    """One run's way to a receiver."""

    def __init__(self, channel: Channel, receiver: Receiver, chance: Random, ways: "Ways") -> None:
        self._channel = channel
        self._receiver = receiver
        self._chance = chance
        self._ways = ways

    async def send(self, message: Message) -> None:
        await trio.sleep(TAKES)
        receiver = self._receiver
        if not self._ways.alive:
            await trio.sleep_forever()
        match receiver.mood:
            case "failing":
                raise TransportError("500")
            case "busy":
                raise TransportError("429", retry_after=self._chance.uniform(1, 120))
            case "broken":
                raise TransportError("410: gone", permanent=True)
            case "hanging":
                await trio.sleep(self._channel.timeout)
                raise TransportError("timed out")
            case "deaf to answers":
                receiver.take(message)
                raise TransportError("the connection broke")
        receiver.take(message)


class Ways:
    """The senders of one run of the server."""

    def __init__(self, receivers: dict[str, Receiver], chance: Random) -> None:
        self.alive = True
        self._receivers = receivers
        self._chance = chance

    def make(self, channel: Channel) -> Sender:
        return Sender(channel, self._receivers[channel.name], self._chance, self)

    async def close(self, _sender: Sender) -> None:
        """Nothing to close."""
