"""Which of many sockets are ready: epoll, or what the standard library has where there is none.

The descriptor of the set can itself be waited for, so one trio task stands for all of them.
"""

import select
import selectors
import socket
from typing import Protocol

READ = 1
WRITE = 4
# The same bits as EPOLLIN and EPOLLOUT. Errors and hang-ups have bits of their own: a read
# finds out what they are.


class Poller(Protocol):
    """A set of descriptors and what each is waited for."""

    def fileno(self) -> int:
        """The descriptor of the set: readable when one of them is ready."""

    def register(self, fd: int, events: int) -> None:
        """Wait for `events` of a descriptor."""

    def modify(self, fd: int, events: int) -> None:
        """Wait for other events of it."""

    def unregister(self, fd: int) -> None:
        """Wait for it no more."""

    def poll(self, timeout: float, maxevents: int) -> list[tuple[int, int]]:
        """Those that are ready, with what for."""

    def close(self) -> None:
        """Give the set back."""


class SelectorPoller:
    """The same by the `selectors` module, for systems with kqueue."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._first = 0

    def fileno(self) -> int:
        """See `Poller`."""
        return self._selector.fileno()

    def register(self, fd: int, events: int) -> None:
        """See `Poller`."""
        self._selector.register(fd, self._mask(events))

    def modify(self, fd: int, events: int) -> None:
        """See `Poller`."""
        self._selector.modify(fd, self._mask(events))

    def unregister(self, fd: int) -> None:
        """See `Poller`."""
        self._selector.unregister(fd)

    def poll(self, timeout: float, maxevents: int) -> list[tuple[int, int]]:
        """See `Poller`."""
        ready = self._selector.select(timeout)
        # It may name the same ones first every time: begin elsewhere, so that all get a turn.
        first = self._first % max(len(ready), 1)
        self._first += maxevents
        portion = (ready[first:] + ready[:first])[:maxevents]
        return [(key.fd, self._events(mask)) for key, mask in portion]

    def close(self) -> None:
        """See `Poller`."""
        self._selector.close()

    @staticmethod
    def _mask(events: int) -> int:
        reads = selectors.EVENT_READ if events & READ else 0
        return reads | (selectors.EVENT_WRITE if events & WRITE else 0)

    @staticmethod
    def _events(mask: int) -> int:
        reads = READ if mask & selectors.EVENT_READ else 0
        return reads | (WRITE if mask & selectors.EVENT_WRITE else 0)


def new_poller() -> Poller:
    """The best that this system has."""
    if hasattr(select, "epoll"):
        return select.epoll()
    return SelectorPoller()


def is_writable(sock: socket.socket) -> bool:
    """Whether one socket takes something now."""
    poll = select.poll()  # not select(): that knows no descriptor beyond 1023
    poll.register(sock, select.POLLOUT)
    return bool(poll.poll(0))
