"""What a forked child inherits of its parent's presence, and must not use.

A child has the parent's connection but not the thread that serves it. While the child keeps the
connection open, the server does not notice that the parent died: so the child lets go of it at
once. The connection itself, and the parent, are not affected.
"""

import os
import socket
from weakref import WeakSet

import trio

_sockets: WeakSet[socket.socket | trio.socket.SocketType] = WeakSet()


def release_in_children(sock: socket.socket | trio.socket.SocketType) -> None:
    """Have children that are forked from now on release a socket."""
    _sockets.add(sock)


def _release_all() -> None:
    """Let the null device take the place of each socket in this process.

    The number stays in use, so that closing the socket object later closes no other file.
    """
    numbers = [sock.fileno() for sock in _sockets]
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for number in numbers:
        if number >= 0:
            os.dup2(null, number, inheritable=False)
    os.close(null)


if hasattr(os, "register_at_fork"):  # not where there is no fork
    os.register_at_fork(after_in_child=_release_all)


class NotPickled:
    """A presence cannot be sent to another process: it is a connection of this one."""

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError(
            f"a {type(self).__name__} cannot be pickled or sent to another process: "
            "connect in that process, with a client_id of its own"
        )
