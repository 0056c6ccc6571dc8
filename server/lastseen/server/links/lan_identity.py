"""Who the server is on the LAN, out of its settings and what the system says of it."""

import getpass
import socket
from collections.abc import Mapping, Sequence

from lastseen.server.config.hosts import is_loopback
from lastseen.server.config.sections.lan import Lan as Settings
from lastseen.shared.address import format_address
from lastseen.shared.ipmsg.entry import Entry
from lastseen.shared.ipmsg.text import clean
from lastseen.shared.lan.conduct import Habits
from lastseen.shared.version import VERSION

PROGRAM = f"1_lastseen {VERSION}"
"""The version field of our packets: its `1` is the protocol's, the rest names the program."""

_EVERY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104 - compared with


def entry_of(settings: Settings) -> Entry:
    """What the server says of itself."""
    return Entry(
        user=settings.user or user_of_process(),
        host=settings.host or clean(socket.gethostname()),
        nickname=clean(settings.nickname),
        group=clean(settings.group),
        program=PROGRAM,
    )


def habits_of(settings: Settings) -> Habits:
    """What it keeps to."""
    return Habits(
        peer_timeout=settings.peer_timeout,
        max_peers=settings.max_peers,
        answer_delay=settings.answer_delay,
        legacy=settings.legacy_encoding,
        port=settings.port,
    )


def user_of_process() -> str:
    """The name of this process's user; a user without one is called as the program is."""
    try:
        return clean(getpass.getuser()) or "lastseen"
    except (KeyError, OSError):  # no such user in the system's list: a container, say
        return "lastseen"


def services_of(listening: Mapping[str, Sequence[tuple[str, int]]]) -> dict[str, str]:
    """What of these others on the LAN can reach, as beacons have it: `{"tcp": "*:8080"}`.

    A service that listens on several addresses is announced at the first that others can reach.
    """
    found = {name: map(_service, addresses) for name, addresses in listening.items()}
    first = {name: next(filter(None, services), None) for name, services in found.items()}
    return {name: service for name, service in first.items() if service is not None}


def _service(address: tuple[str, int]) -> str | None:
    host, port = address
    if host in _EVERY_ADDRESS:
        return f"*:{port}"  # at whatever address of ours they know
    return None if is_loopback(host) else format_address(host, port)
