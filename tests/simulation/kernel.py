"""The server's machine as its process sees it: sockets, a poll set, connections that wait to be
accepted. What comes while the process is stopped piles up here, as in a real kernel's buffers.
"""

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import trio

from lastseen.server.links.poller import READ, WRITE
from lastseen.server.links.pump import Pump
from lastseen.server.presence.model import Moment
from lastseen.server.presence.presence import Presence

if TYPE_CHECKING:
    from tests.simulation.network import Link

Request = Callable[[Presence, Moment], object]

HUNG_UP = 16
"""As EPOLLHUP: told whether or not it is waited for."""

SEND_BUFFER = 200 * 1024
"""Bytes that a kernel takes for a peer that acknowledges nothing."""


class Socket:
    """The server's end of a link: what `Connection` needs of a socket, and nothing more."""

    __slots__ = ("closed", "eof", "failed", "fd", "inbox", "kernel", "link", "outbox")

    def __init__(self, fd: int, link: "Link", kernel: "Kernel") -> None:
        self.fd = fd
        self.link = link
        self.kernel = kernel
        self.inbox = b""
        self.outbox = b""
        self.eof = self.failed = self.closed = False

    # --- the process's side

    def fileno(self) -> int:
        return self.fd

    def recv(self, count: int, flags: int = 0) -> bytes:
        data = self.inbox
        if data:
            if flags:  # MSG_PEEK
                return data[:count]
            self.inbox = data[count:]
            if self.inbox or self.eof or self.failed:
                self.kernel.poller.rouse(self.fd)
            return data[:count]
        if self.failed:
            raise ConnectionResetError
        if self.eof:
            return b""
        raise BlockingIOError

    def send(self, data: bytes) -> int:
        if self.failed:
            raise BrokenPipeError
        if not self.link.flows or self.outbox:
            taken = bytes(data[: SEND_BUFFER - len(self.outbox)])
            if not taken:
                raise BlockingIOError
            self.outbox += taken
            return len(taken)
        self.link.down(bytes(data))
        return len(data)

    def shutdown(self, _how: int) -> None:
        if self.failed:
            raise BrokenPipeError
        self.link.half_closed()

    def close(self) -> None:
        self.closed = True
        self.kernel.give_back(self)
        self.link.closed_by_server()

    # --- the network's side

    def arrive(self, data: bytes) -> None:
        """Bytes have come."""
        if not (self.closed or self.failed):
            self.inbox += data
            self.kernel.poller.rouse(self.fd)

    def hang_up(self) -> None:
        """The peer has closed its end."""
        self.eof = True
        self.kernel.poller.rouse(self.fd)

    def fail(self) -> None:
        """The link was reset, or timed out."""
        self.failed = True
        self.kernel.poller.rouse(self.fd)

    def drain(self) -> None:
        """What waited in the kernel goes out: the path is there again."""
        data, self.outbox = self.outbox, b""
        if data:
            self.link.down(data)
        self.kernel.poller.rouse(self.fd)

    def ready(self) -> int:
        readable = READ if self.inbox or self.eof or self.failed else 0
        room = WRITE if len(self.outbox) < SEND_BUFFER else 0
        return readable | room | (HUNG_UP if self.failed else 0)


class PollSet:
    """A `Poller` over those sockets; only those that were roused are looked at."""

    def __init__(self) -> None:
        self.sockets: dict[int, Socket] = {}
        self._interest: dict[int, int] = {}
        self._roused: dict[int, None] = {}
        self._something = trio.Event()

    def rouse(self, fd: int) -> None:
        """Something may be new about a socket."""
        if fd in self._interest:
            self._roused[fd] = None
            self._something.set()

    async def wait(self) -> None:
        """Wait until something may be ready."""
        if not self._roused:
            self._something = trio.Event()
            await self._something.wait()
        else:
            await trio.lowlevel.checkpoint()

    def fileno(self) -> int:
        return -1

    def register(self, fd: int, events: int) -> None:
        self._interest[fd] = events
        self.rouse(fd)

    def modify(self, fd: int, events: int) -> None:
        self._interest[fd] = events
        self.rouse(fd)

    def unregister(self, fd: int) -> None:
        del self._interest[fd]
        self._roused.pop(fd, None)

    def poll(self, _timeout: float, maxevents: int) -> list[tuple[int, int]]:
        found = []
        roused, self._roused = self._roused, {}
        for fd in roused:
            if len(found) == maxevents:
                self._roused[fd] = None
                continue
            events = self.sockets[fd].ready() & (self._interest[fd] | HUNG_UP)
            if events:
                found.append((fd, events))
        return found

    def close(self) -> None:
        self._roused.clear()


class QuietPump(Pump):
    """The pump, waiting for our poll set in place of a descriptor."""

    def __init__(self, clock: object, poller: PollSet) -> None:
        super().__init__(clock, poller, stopwatch=lambda: 0.0)  # type: ignore[arg-type]
        self._set = poller

    async def run(self) -> None:
        while True:
            if self._waiting:
                await trio.lowlevel.checkpoint()
            else:
                await self._set.wait()
            self.turn()


class Kernel:
    """One process's sockets; a new one for each run of the server.

    Attributes:
        listening: Whether connections are taken: also while the process is stopped.
        alive: Whether the process is: nothing that a dead one's code does has any effect.
        backlog: Connections that wait to be accepted.
        requests: By HTTP, that wait to be read: what each does when it is.
    """

    def __init__(self) -> None:
        self.poller = PollSet()
        self.listening = False
        self.alive = True
        self.backlog: deque[Socket] = deque()
        self.requests: deque[Request] = deque()
        self.something = trio.Event()
        self._next_fd = 0
        self._free: list[int] = []

    def open(self, link: "Link") -> Socket:
        """A connection comes in; it is the lowest descriptor that is free, as everywhere."""
        if self._free:
            fd = heappop(self._free)
        else:
            fd = self._next_fd
            self._next_fd += 1
        sock = self.poller.sockets[fd] = Socket(fd, link, self)
        self.backlog.append(sock)
        self.something.set()
        return sock

    def give_back(self, sock: Socket) -> None:
        """A socket is closed."""
        if self.poller.sockets.pop(sock.fd, None) is not None:
            heappush(self._free, sock.fd)

    def take_request(self, request: Request) -> None:
        """An HTTP request has come."""
        self.requests.append(request)
        self.something.set()
