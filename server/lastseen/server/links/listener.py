"""Listening sockets, and the task that takes what comes to them."""

import errno
import os
import socket
from collections.abc import Callable

import trio

from lastseen.server import logs
from lastseen.server.errors import StartFailed
from lastseen.shared.address import format_address

BACKLOG = 4096
"""Connections that the kernel holds for us while we are busy: Linux's own default upper bound."""

ACCEPTED_AT_ONCE = 64
"""Connections taken before others get a turn."""

PAUSE = 0.5
"""Seconds until the next try when the system has no descriptor or memory for one more."""

KEEPALIVE_AFTER, KEEPALIVE_EVERY, KEEPALIVE_TIMES = 60, 15, 4
"""TCP keepalive, in seconds and tries: finds dead links of watchers, who are silent by nature, in
two minutes."""

_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

# What accept(2) may report of a connection that died in the queue: its own misfortune, not ours.
_DIED_WAITING = {
    errno.ECONNABORTED, errno.EPROTO, errno.EPERM, errno.ENETDOWN, errno.EHOSTDOWN,
    errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EINTR,
    errno.ETIMEDOUT, getattr(errno, "ENONET", errno.EPROTO),
}  # fmt: skip

log = logs.get_logger()

Admit = Callable[[socket.socket, tuple[str, int]], None]


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen on every address of `host`; with port 0, on one free port.

    Raises:
        StartFailed: The address is unknown, in use or not allowed.
    """
    opened: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(found):
            sock = _listen_on(family, (str(address[0]), port))
            opened.append(sock)
            port = sock.getsockname()[1]
    except (OSError, UnicodeError) as error:  # UnicodeError: no host name can be so
        for sock in opened:
            sock.close()
        where = format_address(host, port)
        raise StartFailed(f"cannot listen on {where}: {_reason(error)}") from error
    return opened


def _reason(error: OSError | UnicodeError) -> str:
    """The system's own words. `create_server` adds the address to them, which we name already."""
    if isinstance(error, OSError) and (error.errno or 0) > 0:  # a resolver's are negative
        return os.strerror(error.errno or 0).lower()
    return (getattr(error, "strerror", None) or str(error)).lower()


def _listen_on(family: int, address: tuple[str, int]) -> socket.socket:
    sock = socket.create_server(address, family=family, backlog=BACKLOG)
    sock.setblocking(False)
    # Accepted sockets inherit these on Linux: a frame is one segment, and dead links are found.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_AFTER)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_EVERY)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_TIMES)
    return sock


async def accept(listener: socket.socket, admit: Admit) -> None:
    """Hand every connection that comes to `admit`, non-blocking, for ever."""
    while True:
        await trio.lowlevel.wait_readable(listener)
        if not _take(listener, admit):
            await trio.sleep(PAUSE)
        await trio.lowlevel.checkpoint()


def _take(listener: socket.socket, admit: Admit) -> bool:
    """Take a portion of what waits. False if the system has no room for more."""
    for _ in range(ACCEPTED_AT_ONCE):
        try:
            sock, address = listener.accept()
        except BlockingIOError:
            break
        except OSError as error:
            if error.errno in _EXHAUSTED:
                log.warning("cannot accept more connections now", reason=error.strerror)
                return False
            if error.errno not in _DIED_WAITING:
                raise
        else:
            sock.setblocking(False)
            try:
                admit(sock, address[:2])
            except OSError as error:  # no room in the poll set, say: one connection's misfortune
                log.warning("a connection could not be served", reason=error.strerror)
                sock.close()
            except Exception:  # one connection's fault ends that connection, and nothing else
                log.exception("a connection crashed as it came in")
                sock.close()
    return True
