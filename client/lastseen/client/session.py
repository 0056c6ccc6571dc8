"""One live link, from the first message to its end: a listener task, a ping task, and requests.

The listener gives each answer to who asked and never waits for anybody. The ping task opens the
session, then pings at the interval that the server sets. Whichever meets the end first says why.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from typing import Protocol, TypeGuard, TypeVar
from weakref import WeakSet

import trio
from msgspec import structs

from lastseen.client.ending import End, end_of
from lastseen.client.errors import LinkLost, Refused
from lastseen.client.link import Link, check
from lastseen.client.nursery import plain_nursery
from lastseen.client.patience import patiently
from lastseen.shared.messages import (
    Answer,
    ClientList,
    Diff,
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
from lastseen.shared.wire import PING

PONG_DEADLINE = 10.0
"""Seconds without a pong after which a server counts as dead (docs/protocol.md)."""

REQUEST_DEADLINE = 10.0
"""Seconds within which a request is answered; the same patience as for a pong."""

GOODBYE_DEADLINE = 1.0
"""Seconds given to the goodbye that may follow a refusal: the server sends both at once."""

A = TypeVar("A", bound=Answer)


class Receiver(Protocol):
    """Whoever watches: takes messages at once and deals with them later."""

    def deliver(self, message: ClientList | Diff | Error) -> None:
        """Take a message of a watch."""

    def lapse(self) -> None:
        """The session is over; watch again on the next one."""


class Session:
    """One live link.

    Attributes:
        heartbeat_interval: Seconds between pings, as the server last said.
        over: Set when the link has ended; `end` then says how.
        opened: The server's answer to the opening, None before it.
    """

    def __init__(
        self,
        link: Link,
        *,
        pong_deadline: float = PONG_DEADLINE,
        on_interval: Callable[[float], None] = lambda _: None,
    ) -> None:
        self.heartbeat_interval = 0.0
        self.over = trio.Event()
        self.end: End | None = None
        self.opened: Registered | Settings | None = None
        self._link = link
        self._pong_deadline = pong_deadline
        self._on_interval = on_interval
        self._interval_changed = trio.lowlevel.ParkingLot()
        self._numbers = count(1)
        self._waiting: dict[int, _Reply] = {}
        self._pongs: deque[trio.Event] = deque()
        self._pinging = trio.Lock()
        self._receivers: WeakSet[Receiver] = WeakSet()
        self._last_error: Error | None = None

    async def run(self, opening: Request, on_open: Callable[["Session"], Awaitable[None]]) -> End:
        """Live until the link ends. `on_open` is awaited once the server has answered `opening`."""
        try:
            async with plain_nursery() as nursery:
                for task in (self._listen, partial(self._open_and_ping, opening, on_open)):
                    nursery.start_soon(self._until_the_end, task, nursery.cancel_scope)
        finally:
            self._finish(End("the link was closed"))
            await self._link.aclose()
        assert self.end is not None  # noqa: S101  (for the type checker: _finish has set it)
        return self.end

    async def request(self, message: Request, kind: type[A]) -> A:
        """The answer to `message`.

        Raises:
            Refused: It was an `error`.
            LinkLost: The link broke, or the answer did not come in time.
            ValueError: The message breaks the rules of the protocol.
        """
        check(message)
        number = next(self._numbers)
        reply = self._waiting[number] = _Reply()
        try:
            await self.send(structs.replace(message, request_id=number))
            await patiently(reply.arrived, REQUEST_DEADLINE, "answer")
        finally:
            del self._waiting[number]
        return self._checked(reply.answer, kind)

    async def ping(self) -> float:
        """The round-trip time of a ping, in seconds.

        Raises:
            LinkLost: The link broke, or there was no pong in time.
        """
        pong = trio.Event()
        async with self._pinging:  # pongs come in the order of the pings
            self._pongs.append(pong)
            sent = trio.current_time()
            try:
                await self.send(PING)
            except BaseException:  # cancelled before it was sent: no pong will come for it
                self._unexpect(pong)
                raise
        await patiently(pong, self._pong_deadline, "pong")
        self._require_link()
        return trio.current_time() - sent

    async def tell(self, message: Request) -> None:
        """Say something that only a refusal answers; the pong after it says that there was none."""
        check(message)
        number = next(self._numbers)
        reply = self._waiting[number] = _Reply()
        try:
            await self.send(structs.replace(message, request_id=number))
            await self.ping()
        finally:
            del self._waiting[number]
        if isinstance(reply.answer, Error):
            raise _refused(reply.answer)

    def enlist(self, receiver: Receiver) -> int:
        """Deliver to `receiver` what is pushed; the `request_id` that its `watch` should bear."""
        self._receivers.add(receiver)
        return next(self._numbers)

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
            opened = await self._open(opening)
        except Refused:
            await trio.sleep(GOODBYE_DEADLINE)  # which cancels this when it comes
            self._finish(_refusal_alone(self._last_error))
            return
        self.opened = opened
        await on_open(self)
        await self._ping_for_ever()

    async def _open(self, opening: Request) -> Registered | Settings:
        if isinstance(opening, Register):
            return await self.request(opening, Registered)
        return await self.request(opening, Settings)

    async def _ping_for_ever(self) -> None:
        last_ping = trio.current_time()
        while True:
            await self._until_due(last_ping)
            last_ping = trio.current_time()
            await self.ping()

    async def _until_due(self, last_ping: float) -> None:
        while trio.current_time() < (due := last_ping + self.heartbeat_interval):
            with trio.move_on_at(due):
                await self._interval_changed.park()

    # --- what arrives

    def _handle(self, message: ToClient) -> None:
        match message:
            case Pong():
                if self._pongs:
                    self._pongs.popleft().set()
            case Goodbye():
                self._finish(end_of(message, self._last_error))
            case Registered() | Settings():
                self._follow(message.heartbeat_interval)
                self._answer(message)
            case _:
                self._answer(message)

    def _answer(self, message: Answer) -> None:
        if isinstance(message, Error):
            self._last_error = message
        if message.request_id in self._waiting:
            self._waiting[message.request_id].give(message)
        elif isinstance(message, ClientList | Diff) or _is_answer(message):
            for receiver in tuple(self._receivers):
                receiver.deliver(message)

    def _follow(self, interval: float) -> None:
        if not 0 < interval < float("inf"):
            raise LinkLost(f"heartbeat_interval: expected a positive number, got {interval!r}")
        changed = interval != self.heartbeat_interval
        self.heartbeat_interval = interval
        if changed and self.opened is not None:
            self._interval_changed.unpark_all()
            self._on_interval(interval)

    def _finish(self, end: End) -> None:
        """The first to say how it ended is believed; everyone who waits is woken."""
        if self.end is not None:
            return
        self.end = end
        self.over.set()
        for reply in self._waiting.values():
            reply.arrived.set()
        for pong in self._pongs:
            pong.set()
        for receiver in tuple(self._receivers):
            receiver.lapse()

    def _unexpect(self, pong: trio.Event) -> None:
        if self._pongs and self._pongs[-1] is pong:
            self._pongs.pop()

    def _require_link(self) -> None:
        if self.end is not None:
            raise LinkLost(f"the link is gone: {self.end.reason}")

    def _checked(self, answer: Answer | None, kind: type[A]) -> A:
        if isinstance(answer, Error):
            raise _refused(answer)
        if answer is None:
            self._require_link()
        if not isinstance(answer, kind):
            raise LinkLost(f"expected {kind.__name__} as the answer, got {answer!r}")
        return answer


class _Reply:
    """A place for one answer."""

    __slots__ = ("answer", "arrived")

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.arrived = trio.Event()

    def give(self, answer: Answer) -> None:
        self.answer = answer
        self.arrived.set()


def _refused(error: Error) -> Refused:
    return Refused(error.code, error.message, error.retry_after)


def _is_answer(message: Answer) -> TypeGuard[Error]:
    return isinstance(message, Error) and message.request_id is not None


def _refusal_alone(error: Error | None) -> End:
    """The end when a refusal is followed by no goodbye: only a `retry_after` says to come back."""
    again = error is not None and error.retry_after is not None
    return End(error.message if error else "refused", reconnect=again, error=error)
