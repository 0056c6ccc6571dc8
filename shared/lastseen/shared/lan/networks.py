"""The networks that this machine is on, as the kernel has them at this moment.

Python's library lists interfaces but not their addresses, so the kernel is asked by ioctl, as
netdevice(7) has it; that needs no rights. Elsewhere than on Linux nothing is found, and one address
stands for all.
"""

import array
import socket
import struct
import sys

from msgspec import Struct

EVERYWHERE = "255.255.255.255"
"""The broadcast address of whatever network the default route leads to."""

_SIOCGIFCONF, _SIOCGIFFLAGS, _SIOCGIFBRDADDR = 0x8912, 0x8913, 0x8919
_IFF_UP, _IFF_BROADCAST, _IFF_RUNNING = 0x1, 0x2, 0x40
_NEEDED = _IFF_UP | _IFF_BROADCAST | _IFF_RUNNING
"""An interface with these reaches somebody; RUNNING goes with the cable."""

_NAME = 16
_REQUEST = _NAME + 2 * struct.calcsize("l") + 8
"""Bytes of `struct ifreq`: a name, and a union whose largest member is `struct ifmap`."""
_MOST = 256
"""Addresses that are asked for: more than any machine on a LAN has."""


class Network(Struct, frozen=True):
    """One IPv4 address of this machine, on one interface.

    Attributes:
        broadcast: What reaches everyone there; None where nothing does: loopback, a tunnel, a cable
            that is pulled.
    """

    interface: str
    address: str
    broadcast: str | None


def networks() -> list[Network]:
    """All IPv4 addresses of this machine, several of one interface too; empty off Linux.

    Raises:
        OSError: The kernel does not tell.
    """
    if sys.platform != "linux":
        return []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        return [_network(asked, entry) for entry in _addresses(asked)]


def broadcasts(found: list[Network]) -> list[str]:
    """What to send to so that it reaches everyone on these networks, each once."""
    if sys.platform != "linux":
        return [EVERYWHERE]
    return list(dict.fromkeys(n.broadcast for n in found if n.broadcast is not None))


def _addresses(asked: socket.socket) -> list[bytes]:
    """The kernel's entries, each a name and an address."""
    import fcntl

    buffer = array.array("B", bytes(_MOST * _REQUEST))
    where, length = buffer.buffer_info()
    answer = fcntl.ioctl(asked, _SIOCGIFCONF, struct.pack("iP", length, where))
    filled = struct.unpack("iP", answer)[0]
    data = buffer.tobytes()[:filled]
    return [data[start : start + _REQUEST] for start in range(0, filled, _REQUEST)]


def _network(asked: socket.socket, entry: bytes) -> Network:
    address = _address_in(entry)
    name = entry[:_NAME].partition(b"\0")[0].decode(errors="replace")
    return Network(name, address, _broadcast(asked, entry, address))


def _broadcast(asked: socket.socket, entry: bytes, address: str) -> str | None:
    import fcntl

    try:
        flags = struct.unpack_from("H", fcntl.ioctl(asked, _SIOCGIFFLAGS, entry), _NAME)[0]
        # With the address in the request it is this one's, not the interface's first.
        found = _address_in(fcntl.ioctl(asked, _SIOCGIFBRDADDR, entry))
    except OSError:  # it went while we asked
        return None
    usable = flags & _NEEDED == _NEEDED and found not in ("0.0.0.0", address)  # noqa: S104  compared
    return found if usable else None


def _address_in(entry: bytes) -> str:
    """The IPv4 address in a `struct sockaddr_in` behind the name: family, port, address."""
    return socket.inet_ntoa(entry[_NAME + 4 : _NAME + 8])
