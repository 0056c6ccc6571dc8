"""The UDP sockets of one member: datagrams in and out, and the networks that they go out on.

Nothing here waits: sockets are non-blocking, and whoever has an event loop waits for them.
"""

import errno
import os
import socket
from contextlib import suppress

from lastseen.shared.ipmsg.packet import LARGEST
from lastseen.shared.lan.networks import EVERYWHERE, Network, broadcasts, networks

ANY = "0.0.0.0"  # noqa: S104 - only a member that hears every network is told of every member
_BUFFER = 1 << 20
"""Bytes of datagrams that the kernel holds for us: the answers of a thousand members at once."""

Sent = tuple[str, int]
Datagram = tuple[bytes, Sent]


class Post:
    """Sends and receives. Close it.

    Attributes:
        sockets: What to wait for: all that comes, comes by one of these.
        own: The addresses of this machine that it is a member at.
    """

    def __init__(self, bind: str, port: int, to: tuple[str, ...] = ()) -> None:
        """`bind` is ANY or an address of this machine. `to` is where `send_to_all` sends to; empty:
        the broadcast addresses of all networks at that moment.

        Raises:
            OSError: The address is in use or not this machine's.
        """
        self.to = to
        self._bind, self._port = bind, port
        self._networks = self._those_used()
        self.own = self._own()
        self.sockets = [_open(bind, port)]
        try:
            self.sockets += self._ears()
        except OSError:
            self.close()
            raise

    @property
    def address(self) -> str | None:
        """An address that others know this machine by; None: it is on no network."""
        if self._bind != ANY:
            return self._bind
        return next((n.address for n in self._networks if n.broadcast is not None), None)

    def reached(self) -> list[str]:
        """Where `send_to_all` sends to."""
        return list(self.to) or broadcasts(self._networks)

    def look_around(self) -> bool:
        """Ask the kernel for the networks again; whether others are there than before.

        Raises:
            OSError: The kernel does not tell.
        """
        before, self._networks = self._networks, self._those_used()
        self.own = self._own()
        return set(before) != set(self._networks)

    def send(self, data: bytes, to: Sent) -> None:
        """Send to one.

        Raises:
            OSError: It could not leave.
        """
        self.sockets[0].sendto(data, to)

    def send_to_all(self, data: bytes) -> int:
        """Send to everyone, on every network. How many datagrams left.

        Raises:
            OSError: None could leave, by the last one's reason.
        """
        sent, problem = 0, OSError(errno.ENETDOWN, os.strerror(errno.ENETDOWN))
        for address in self.reached():
            try:
                self.send(data, (address, self._port))
                sent += 1
            except OSError as error:
                problem = error
        if not sent:
            raise problem
        return sent

    def receive(self, sock: socket.socket) -> Datagram | None:
        """The next datagram that waits at a socket; None: there is none.

        Raises:
            OSError: The system reports an error in place of one.
        """
        try:
            data, sender = sock.recvfrom(LARGEST)
        except BlockingIOError:
            return None
        return data, (sender[0], sender[1])

    def close(self) -> None:
        """No more."""
        for sock in self.sockets:
            sock.close()

    def _those_used(self) -> list[Network]:
        return [n for n in networks() if self._bind in (ANY, n.address)]

    def _own(self) -> frozenset[str]:
        if self._bind != ANY:
            return frozenset({self._bind})
        return frozenset(network.address for network in self._networks)

    def _ears(self) -> list[socket.socket]:
        """A socket at one address is not given what is sent to all: that needs sockets of its own,
        which hear that network only.
        """
        if self._bind == ANY:
            return []
        found = {a: n.interface for n in self._networks if n.broadcast for a in _both(n.broadcast)}
        return [_open(address, self._port, interface) for address, interface in found.items()]


def _both(broadcast: str) -> tuple[str, str]:
    """Members send to either of these."""
    return broadcast, EVERYWHERE


def _open(address: str, port: int, interface: str | None = None) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)  # as far as it is allowed
        if interface is not None and hasattr(socket, "SO_BINDTODEVICE"):
            with suppress(PermissionError):  # before Linux 5.7 this was root's alone
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    return sock
