"""Many connections to one server from one process: opened, greeted, and kept."""

import errno
import os
import select
import socket
import time
from collections.abc import Callable

from benchmarks.errors import LoadError

PER_ADDRESS = 5_000
"""Connections from one source address: well within the kernel's range of local ports."""

IN_FLIGHT = 64
"""Connections opened but not yet answered: fewer than the backlog of any peer (mosquitto: 100)."""

BATCH = 256
"""Events taken from the kernel at once."""

PATIENCE = 30.0
"""Seconds without any answer after which the load gives up."""

_BIND_ADDRESS_NO_PORT = 24  # <linux/in.h>: choose the port at connect, by the whole 4-tuple


class Crowd:
    """The sockets of one load process, by file descriptor. All are non-blocking.

    Attributes:
        fds: In the order in which they were opened.
    """

    def __init__(self, port: int) -> None:
        self.fds: list[int] = []
        self._sockets: list[socket.socket] = []
        self._port = port

    def open(self, greetings: list[bytes], answered: Callable[[bytes], bool]) -> list[int]:
        """Open a connection for each greeting, send it, and wait until each is answered.

        Returns: the new file descriptors.

        Raises:
            LoadError: No answer for `PATIENCE` seconds.
            ConnectionError: A connection was refused or closed.
        """
        poll = select.epoll()
        first = len(self.fds)
        waiting: dict[int, bytes] = {}
        queue = iter(greetings)
        more = True
        while more or waiting:
            while more and len(waiting) < IN_FLIGHT:
                greeting = next(queue, None)
                more = greeting is not None
                if greeting is not None:
                    fd = self._connect(greeting)
                    waiting[fd] = b""
                    poll.register(fd, select.EPOLLIN)
            for fd in ready(poll):
                waiting[fd] += _received(fd)
                if answered(waiting[fd]):
                    del waiting[fd]
                    poll.unregister(fd)
        poll.close()
        return self.fds[first:]

    def close(self, fd: int) -> None:
        """Close one connection, without a word."""
        at = self.fds.index(fd)
        self.fds.pop(at)
        self._sockets.pop(at).close()

    def settle(self, seconds: float, unasked: dict[bytes, bytes]) -> None:
        """Wait, and answer what the server says by itself meanwhile.

        Raises:
            ConnectionError: It said anything else, or closed a connection.
        """
        poll = watching(self.fds)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for fd, _ in poll.poll(left, BATCH):
                said = _received(fd)
                if said not in unasked:
                    raise ConnectionError(f"the server said {said!r} unasked")
                os.write(fd, unasked[said])
        poll.close()

    def _connect(self, greeting: bytes) -> int:
        sock = socket.socket()
        sock.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The cheapest of the kernel's algorithms: the load must not be the slower end.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")
        sock.bind((f"127.0.0.{2 + len(self.fds) // PER_ADDRESS}", 0))
        sock.connect(("127.0.0.1", self._port))  # on loopback this takes no waiting
        sock.setblocking(False)
        sock.send(greeting)
        self._sockets.append(sock)
        self.fds.append(sock.fileno())
        return sock.fileno()


def watching(fds: list[int]) -> select.epoll:
    """An epoll set that says once for each arrival that there is something to read."""
    poll = select.epoll()
    for fd in fds:
        poll.register(fd, select.EPOLLIN | select.EPOLLET)
    return poll


def ready(poll: select.epoll) -> list[int]:
    """The descriptors at which something has come, when something has.

    Raises:
        LoadError: Nothing came for `PATIENCE` seconds.
    """
    events = poll.poll(PATIENCE, BATCH)
    if not events:
        raise LoadError(f"the server has not answered for {PATIENCE:.0f} s")
    return [fd for fd, _ in events]


def _received(fd: int) -> bytes:
    data = os.read(fd, 65536)
    if not data:
        raise ConnectionResetError(errno.ECONNRESET, "the server closed a connection")
    return data
