"""Pings in flight, and the pongs that answer them in order."""

from collections import deque
from collections.abc import Awaitable, Callable

import trio

from lastseen.client.patience import patiently
from lastseen.shared.messages import Message
from lastseen.shared.wire import PING

PONG_DEADLINE = 10.0
"""Seconds without a pong after which a server counts as dead (docs/protocol.md)."""


class Pings:
    """Sends pings by `send`, and knows whose each pong is."""

    def __init__(self, send: Callable[[Message], Awaitable[None]], deadline: float) -> None:
        self._send = send
        self._deadline = deadline
        self._awaited: deque[trio.Event] = deque()
        self._turn = trio.Lock()

    async def ping(self) -> None:
        """Send a ping and wait for its pong, or until the link ends.

        Raises:
            LinkLost: The link is gone, or there was no pong in time.
        """
        pong = trio.Event()
        async with self._turn:  # so that they are awaited in the order in which they are sent
            self._awaited.append(pong)
            try:
                await self._send(PING)
            except BaseException:
                self._unexpect(pong)
                raise
        await patiently(pong, self._deadline, "pong")

    def take_pong(self) -> None:
        """A pong has come: it is for the oldest ping. One that nobody asked for changes nothing."""
        if self._awaited:
            self._awaited.popleft().set()

    def wake(self) -> None:
        """Let nobody wait any longer: no pong will come."""
        for pong in self._awaited:
            pong.set()

    def _unexpect(self, pong: trio.Event) -> None:
        """Cancelled before it was sent: a pong that came would be for another ping."""
        if self._awaited and self._awaited[-1] is pong:
            self._awaited.pop()
