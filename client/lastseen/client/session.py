"""One live link, from the first message to its end: a listener task, a ping task, and requests.

The listener gives each answer to who asked and never waits for anybody. The ping task opens the
session, then pings at the interval that the server sets. Whichever meets the end first says why.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from math import inf
from typing import TypeVar
from weakref import WeakSet

import trio
from msgspec import structs

from lastseen.client.ending import End, end_of, refusal_alone
from lastseen.client.errors import LinkLost, Refused
from lastseen.client.heartbeat import Heartbeat
from lastseen.client.link import Link
from lastseen.client.nursery import plain_nursery
from lastseen.client.patience import patiently
from lastseen.client.pings import PONG_DEADLINE, Pings
from lastseen.client.receiver import Receiver, concerns_receivers
from lastseen.client.replies import Replies
from lastseen.client.turn import Turn
from lastseen.shared.messages import (
    Answer,
    Error,
    Goodbye,
    Leave,
    Message,
    Pong,
    Register,
    Registered,
    Request,
    Settings,
    ToClient,
)

REQUEST_DEADLINE = 10.0
"""Seconds within which a request is answered; the same patience as for a pong."""

GOODBYE_DEADLINE = 1.0
"""Seconds given to the goodbye that may follow a refusal: the server sends both at once."""

A = TypeVar("A", bound=Answer)


class Session:
    """One live link.

    Attributes:
        opened: The server's answer to the opening, None before it.
        over: Set when the link has ended; `end`, None until then, says how.
        turn: Whose `watch` is being answered; only who has taken it may send one.
    """

    def __init__(
        self,
        link: Link,
        *,
        pong_deadline: float = PONG_DEADLINE,
        on_interval: Callable[[float], None] = lambda _: None,
    ) -> None:
        self.opened: Registered | Settings | None = None
        self.over = trio.Event()
        self.end: End | None = None
        self.turn = Turn(REQUEST_DEADLINE)
        self._link = link
        self._on_interval = on_interval
        self._heartbeat = Heartbeat()
        self._replies = Replies()
        self._pings = Pings(self.send, pong_deadline)
        self._receivers: WeakSet[Receiver] = WeakSet()
        self._last_error: Error | None = None

    @property
    def heartbeat_interval(self) -> float:
        """Seconds between pings: as the server last said, or less (`limit_interval`)."""
        return self._heartbeat.interval

    @property
    def cut_after(self) -> float | None:
        """Seconds of silence after which the connection was cut; None if it ended otherwise.

        After a goodbye nothing more is read, so that end is no cut.
        """
        return None if self.opened is None else self._link.cut_after

    def limit_interval(self, longest: float) -> None:
        """Ping at least every `longest` seconds, even if the server asks for less."""
        self._heartbeat.limit(longest)

    async def run(self, opening: Request, on_open: Callable[["Session"], Awaitable[None]]) -> None:
        """Live until the link ends. `on_open` is awaited once the server has answered `opening`."""
        try:
            async with plain_nursery() as nursery:
                for task in (self._listen, partial(self._open_and_ping, opening, on_open)):
                    nursery.start_soon(self._until_the_end, task, nursery.cancel_scope)
        finally:
            self._finish(End("the link was closed"))
            await self._link.aclose()

    async def request(self, message: Request, kind: type[A]) -> A:
        """Return the answer to `message`, which fits the rules of the protocol (`arguments`).

        Raises:
            Refused: It was an `error`.
            LinkLost: The link broke, or the answer did not come in time.
        """
        with self._replies.expect() as reply:
            await self.send(structs.replace(message, request_id=reply.number))
            await patiently(reply.arrived, REQUEST_DEADLINE, "answer")
        return self._checked(reply.answer, kind)

    async def tell(self, message: Request) -> None:
        """Say something that only a refusal answers; the pong after it says that there was none.

        Raises:
            Refused, LinkLost: As `request`.
        """
        with self._replies.expect() as reply:
            await self.send(structs.replace(message, request_id=reply.number))
            await self.ping()
        if isinstance(reply.answer, Error):
            raise _refused(reply.answer)

    async def ping(self) -> float:
        """The round-trip time of a ping, in seconds.

        Raises:
            LinkLost: The link broke, or there was no pong in time.
        """
        sent = trio.current_time()
        await self._pings.ping()
        self._require_link()
        return trio.current_time() - sent

    def enlist(self, receiver: Receiver) -> int:
        """Deliver to `receiver` what is pushed; the `request_id` that its `watch` should bear."""
        self._receivers.add(receiver)
        return self._replies.number()

    async def send(self, message: Message) -> None:
        """Send without waiting for an answer.

        Raises:
            LinkLost: The link is gone.
        """
        self._require_link()
        await self._link.send(message)

    async def leave(self) -> None:
        """Say goodbye, and wait until the server has."""
        await self.send(Leave())
        await self.over.wait()

    # --- the two tasks

    async def _until_the_end(
        self, task: Callable[[], Awaitable[None]], scope: trio.CancelScope
    ) -> None:
        try:
            await task()
        except LinkLost as lost:
            refusal = None if self.opened else self._last_error
            self._finish(End(str(lost), error=refusal))
        scope.cancel()

    async def _listen(self) -> None:
        while self.end is None:
            self._handle(await self._link.receive())

    async def _open_and_ping(
        self, opening: Request, on_open: Callable[["Session"], Awaitable[None]]
    ) -> None:
        try:
            self.opened = await self._open(opening)
        except Refused:
            await trio.sleep(GOODBYE_DEADLINE)  # the goodbye that comes cancels this
            self._finish(refusal_alone(self._last_error))
            return
        await on_open(self)
        await self._ping_for_ever()

    async def _open(self, opening: Request) -> Registered | Settings:
        if isinstance(opening, Register):
            return await self.request(opening, Registered)
        return await self.request(opening, Settings)

    async def _ping_for_ever(self) -> None:
        last_ping = trio.current_time()
        while True:
            await self._heartbeat.until_due(last_ping)
            last_ping = trio.current_time()
            await self.ping()

    # --- what arrives

    def _handle(self, message: ToClient) -> None:
        match message:
            case Pong():
                self._pings.take_pong()
            case Goodbye():
                self._finish(end_of(message, self._last_error))
            case Registered() | Settings():
                self._follow(message.heartbeat_interval)
                self._replies.take(message)
            case _:
                self._answer(message)

    def _answer(self, message: Answer) -> None:
        if isinstance(message, Error):
            self._last_error = message
        if not self._replies.take(message) and concerns_receivers(message):
            self.turn.hear(message)
            for receiver in tuple(self._receivers):
                receiver.deliver(message)

    def _follow(self, interval: float) -> None:
        if not 0 < interval < inf:
            raise LinkLost(f"heartbeat_interval: expected a positive number, got {interval!r}")
        if interval != self._heartbeat.asked:
            self._heartbeat.follow(interval)
            if self.opened is not None:
                self._on_interval(interval)

    # --- the end

    def _finish(self, end: End) -> None:
        """The first to say how it ended is believed; everyone who waits is woken."""
        if self.end is not None:
            return
        self.end = end
        self.over.set()
        self._replies.wake()
        self._pings.wake()
        self.turn.wake()
        for receiver in tuple(self._receivers):
            receiver.lapse()

    def _require_link(self) -> None:
        if self.end is not None:
            raise LinkLost(f"the link is gone: {self.end.reason}")

    def _checked(self, answer: Answer | None, kind: type[A]) -> A:
        if answer is None:
            self._require_link()
        if isinstance(answer, Error):
            raise _refused(answer)
        if not isinstance(answer, kind):
            raise LinkLost(f"expected {kind.__name__} as the answer, got {answer!r}")
        return answer


def _refused(error: Error) -> Refused:
    return Refused(error.code, error.message, error.retry_after)
