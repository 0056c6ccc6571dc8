"""Looking up the names of receivers, in threads of its own.

A resolver that does not answer holds a thread for half a minute. In the threads that trio shares
out it would hold up the store, which has nothing to do with it.
"""

import socket
from typing import Any

import trio

THREADS = 100
"""Look-ups at once: those of a dozen channels that all wait for the same dead resolver."""


class Resolver(trio.abc.HostnameResolver):
    """Asks the system, as trio does by itself."""

    def __init__(self) -> None:
        self._threads = trio.CapacityLimiter(THREADS)

    async def getaddrinfo(self, *asked: Any) -> Any:  # noqa: ANN401 - handed on
        """As `socket.getaddrinfo`; who is cancelled leaves the look-up to itself."""
        return await trio.to_thread.run_sync(
            socket.getaddrinfo, *asked, abandon_on_cancel=True, limiter=self._threads
        )

    async def getnameinfo(self, *asked: Any) -> Any:  # noqa: ANN401 - handed on
        """As `socket.getnameinfo`."""
        return await trio.to_thread.run_sync(
            socket.getnameinfo, *asked, abandon_on_cancel=True, limiter=self._threads
        )
