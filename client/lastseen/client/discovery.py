"""Finding servers on the local network: a datagram to everyone, and whoever answers.

Only servers that are members of the LAN (`[lan] enabled`) and listen on more than loopback answer.
Who asks is no member, sends from any free port, and stays unknown to other programs.
"""

import random
import socket
from contextlib import suppress
from ipaddress import ip_address

import trio

from lastseen.client.errors import ConnectFailed
from lastseen.shared.ipmsg.packet import LARGEST, PORT
from lastseen.shared.lan.conduct import found_in, seek
from lastseen.shared.lan.networks import broadcasts, networks

ASKED_AT = (0.0, 0.3, 1.0, 2.0)
"""When to ask, in seconds: datagrams get lost."""

PATIENCE = 3.0
"""Seconds that the first answer is waited for."""

GATHERING = 0.5
"""Seconds after the first answer in which others are waited for."""

LOOPBACK = "127.0.0.1"
"""Asked as well: a machine without a network may have a server of its own."""


async def discover(port: int = PORT, patience: float = PATIENCE) -> list[str]:
    """Where servers on the local network listen for TCP, as `host:port`, lowest address first;
    empty: none answered.
    """
    found: dict[str, str] = {}
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        await sock.bind(("", 0))
        with trio.move_on_after(patience) as waiting:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_ask, sock, port)
                while True:
                    data, sender = await sock.recvfrom(LARGEST)
                    if _take(data, sender[0], found):
                        waiting.deadline = min(waiting.deadline, trio.current_time() + GATHERING)
    return sorted(found.values(), key=_order)


async def _ask(sock: trio.socket.SocketType, port: int) -> None:
    number, began = random.randrange(2**31), trio.current_time()
    for after in ASKED_AT:
        await trio.sleep_until(began + after)
        await _ask_once(sock, seek(number), port)


async def _ask_once(sock: trio.socket.SocketType, question: bytes, port: int) -> None:
    try:
        everyone = [*broadcasts(networks()), LOOPBACK]
    except OSError:  # then at least ourselves
        everyone = [LOOPBACK]
    for address in everyone:
        with suppress(OSError):  # that network is down: the others may have a server
            await sock.sendto(question, (address, port))


def _take(data: bytes, sender: str, found: dict[str, str]) -> bool:
    """Note a server, by its run: it may answer from several addresses. Whether it is one."""
    beacon = found_in(data)
    address = None if beacon is None else beacon.address_of("tcp", sender)
    if beacon is None or address is None:
        return False
    before = found.get(beacon.member)
    if before is None or _order(address) < _order(before):
        found[beacon.member] = address
    return True


def _order(address: str) -> tuple[bool, bool, int, str]:
    """Other machines' addresses by number before this one's own, names last."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        parsed = ip_address(host)
    except ValueError:
        return True, False, 0, address
    return False, parsed.is_loopback, int(parsed), address


def one_of(found: list[str]) -> str:
    """The server to take of those found.

    Raises:
        ConnectFailed: None was found.
    """
    if not found:
        raise ConnectFailed(
            "no server answered on the local network; one does where [lan] is enabled and"
            " server.host is an address that others can reach. Or name it: --server host:port"
        )
    return found[0]
