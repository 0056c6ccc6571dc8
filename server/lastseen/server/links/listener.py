"""Listening sockets, and the task that takes what comes to them."""

import errno
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

import trio

from lastseen.server import logs
from lastseen.server.config.hosts import EVERY_ADDRESS, EVERY_IPV4
from lastseen.server.errors import StartFailed
from lastseen.shared.address import format_address, plain_host

BACKLOG = 4096
"""Connections that the kernel holds for us while we are busy: Linux's own default upper bound."""

ACCEPTED_AT_ONCE = 64
"""Connections taken before others get a turn."""

PAUSE = 0.5
"""Seconds until the next try when the system has no descriptor or memory for one more."""

FREE_PORT_TRIES = 10
"""How often a port is looked for that is free on every address."""

KEEPALIVE_AFTER, KEEPALIVE_EVERY, KEEPALIVE_TIMES = 60, 15, 4
"""TCP keepalive, in seconds and tries: closes a silent connection whose peer is gone after two
minutes."""

UNACKNOWLEDGED_FOR = KEEPALIVE_AFTER + KEEPALIVE_EVERY * KEEPALIVE_TIMES
"""Seconds that data may stay unacknowledged (TCP_USER_TIMEOUT). Keepalive does not run meanwhile,
and without a bound the kernel retransmits for 15 minutes: a connection that only receives would
count as open for so long. The same two minutes as for a silent connection."""

_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

# What accept(2) may report of a connection that died in the queue: its own misfortune, not ours.
_DIED_WAITING = {
    errno.ECONNABORTED, errno.EPROTO, errno.EPERM, errno.ENETDOWN, errno.EHOSTDOWN,
    errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EINTR,
    errno.ETIMEDOUT, getattr(errno, "ENONET", errno.EPROTO),
}  # fmt: skip

log = logs.get_logger()

Admit = Callable[[socket.socket, tuple[str, int]], None]


def bind(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Bind sockets to every address of `hosts`; with port 0, to one free port.

    The port is ours from now on, and refuses connections until `listen`.

    `::` stands for every IPv6 and every IPv4 address, as far as the system has both.

    Raises:
        StartFailed: An address is unknown, in use or not allowed; then no socket is left open.
    """
    for _ in range(FREE_PORT_TRIES - 1 if port == 0 else 0):
        # The port that is free on the first address may be in use on another one.
        with suppress(PortTaken):
            return _bind_all(hosts, port)
    return _bind_all(hosts, port)


def listen(sock: socket.socket) -> None:
    """Let the kernel accept connections to a bound socket.

    Raises:
        StartFailed: Another program has begun to listen on the port meanwhile.
    """
    try:
        sock.listen(BACKLOG)
    except OSError as error:
        where = format_address(*sock.getsockname()[:2])
        raise StartFailed(f"cannot listen on {where}: {_reason(error)}") from error


class PortTaken(StartFailed):
    """Another program listens on this port."""


def _bind_all(hosts: Sequence[str], port: int) -> list[socket.socket]:
    opened: dict[tuple[int, str], socket.socket] = {}
    try:
        for host in hosts:
            try:
                for family, address in _addresses(host):
                    if (family, address) not in opened:
                        sock = _bind(family, (address, port))
                        opened[family, address] = sock
                        port = sock.getsockname()[1]
            except (OSError, UnicodeError) as error:  # UnicodeError: no host name can be so
                is_taken = getattr(error, "errno", None) == errno.EADDRINUSE
                failed = PortTaken if is_taken else StartFailed
                where = format_address(host, port)
                raise failed(f"cannot listen on {where}: {_reason(error)}") from error
    except StartFailed:
        for sock in opened.values():
            sock.close()
        raise
    return list(opened.values())


def _addresses(host: str) -> list[tuple[int, str]]:
    """Return the families and addresses that a host stands for.

    Raises:
        OSError, UnicodeError: The host is unknown.
    """
    if host == EVERY_ADDRESS:
        return _every_address()
    found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return [(family, str(address[0])) for family, _, _, _, address in found]


def _every_address() -> list[tuple[int, str]]:
    """Return the wildcard addresses of the families that this system has.

    Two sockets, and not one for both families: where IPv6 is switched off IPv4 remains, and
    `bindv6only` makes no difference.
    """
    wildcards = [(int(socket.AF_INET6), EVERY_ADDRESS), (int(socket.AF_INET), EVERY_IPV4)]
    found = [(family, address) for family, address in wildcards if _is_available(family, address)]
    if len(found) < len(wildcards):
        log.warning("this system has only one of IPv4 and IPv6", serves=[a for _, a in found])
    return found or wildcards  # to listen on them says why neither can be


def _is_available(family: int, address: str) -> bool:
    """Whether a family can be listened on: it may be missing, or switched off."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _reason(error: OSError | UnicodeError) -> str:
    """The system's own words."""
    if isinstance(error, OSError) and (error.errno or 0) > 0:  # a resolver's are negative
        return os.strerror(error.errno or 0).lower()
    return (getattr(error, "strerror", None) or str(error)).lower()


def _bind(family: int, address: tuple[str, int]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # after a restart, at once
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
    except BaseException:
        sock.close()
        raise
    sock.setblocking(False)
    # Accepted sockets inherit these on Linux: a frame is one segment, and dead peers are noticed.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_AFTER)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_EVERY)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_TIMES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * UNACKNOWLEDGED_FOR)
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
                admit(sock, (plain_host(address[0]), address[1]))
            except OSError as error:  # no room in the poll set, say: one connection's misfortune
                log.warning("a connection could not be served", reason=error.strerror)
                sock.close()
            except Exception:  # one connection's fault ends that connection, and nothing else
                log.exception("a connection crashed as it came in")
                sock.close()
    return True
