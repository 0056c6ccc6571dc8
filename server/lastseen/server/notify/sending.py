"""Sends messages by one channel, and says what is to become of each."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import trio
from msgspec import Struct

from lastseen.server import logs
from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.notice import Message
from lastseen.server.notify.pace import retry_after
from lastseen.server.notify.taking import Outgoing
from lastseen.server.store.telling import Attempt, DeliveryState

SENT_AT_ONCE = 8
"""Messages on their way to one channel."""

log = logs.get_logger()

Chance = Callable[[], float]
"""Gives numbers from 0 to 1, for the pauses between attempts."""


class Sender(Protocol):
    """The way to one channel."""

    async def send(self, message: Message) -> None:
        """Send a message, within the channel's timeout.

        Raises:
            TransportError: It was not taken.
        """


class Outcome(Struct, frozen=True):
    """What became of one message; `error` is None where it was taken."""

    attempt: Attempt
    error: TransportError | None = None

    @property
    def is_to_be_divided(self) -> bool:
        """Whether the receiver would take less at once."""
        return self.error is not None and self.error.too_large and len(self.attempt.keys) > 1


class Sending:
    """Sends by one channel."""

    def __init__(
        self, channel: Channel, sender: Sender, now: Callable[[], float], chance: Chance
    ) -> None:
        """`now` is the clock of the schedule."""
        self._channel = channel
        self._sender = sender
        self._now = now
        self._chance = chance

    async def send_all(
        self, outgoing: Sequence[Outgoing], is_over: Callable[[], bool]
    ) -> list[Outcome]:
        """Send until one fails: the others would likely do so too, and stay as they are; or until
        it `is_over`.
        """
        outcomes: list[Outcome] = []
        waiting = deque(outgoing)

        async def send_some() -> None:
            while waiting:
                outcome = await self._send(waiting.popleft())
                outcomes.append(outcome)
                if outcome.error is not None or is_over():
                    waiting.clear()

        async with trio.open_nursery() as nursery:
            for _ in range(min(SENT_AT_ONCE, len(outgoing))):
                nursery.start_soon(send_some)
        return outcomes

    async def _send(self, outgoing: Outgoing) -> Outcome:
        try:
            await self._sender.send(outgoing.message)
        except TransportError as error:
            return self._not_taken(outgoing, error)
        except Exception as error:  # whatever a library raises: it was not taken
            log.exception("sending crashed", channel=self._channel.name)
            return self._not_taken(outgoing, TransportError(f"crashed: {type(error).__name__}"))
        return Outcome(self._attempt(outgoing, "sent"))

    def _not_taken(self, outgoing: Outgoing, error: TransportError) -> Outcome:
        if error.permanent:  # it goes first when the channel is mended
            return Outcome(self._attempt(outgoing, "pending", error), error)
        if error.too_large:  # in no repeat it would be less
            return Outcome(self._attempt(outgoing, "failed", error), error)
        attempts = outgoing.attempts + 1
        state: DeliveryState = "failed" if attempts >= self._channel.max_attempts else "pending"
        wait = retry_after(self._channel.retry_interval, attempts, self._chance())
        wait = max(wait, error.retry_after or 0.0)
        return Outcome(self._attempt(outgoing, state, error, wait), error)

    def _attempt(
        self,
        outgoing: Outgoing,
        state: DeliveryState,
        error: TransportError | None = None,
        wait: float = 0.0,
    ) -> Attempt:
        now, items = self._now(), outgoing.message.items
        why = "" if error is None else str(error)
        return Attempt(tuple(item.key for item in items), state, now, now + wait, why)
