"""Who the server is on the LAN, out of its settings and what the system says of it."""

import getpass
import socket

from lastseen.server.config.sections.lan import Lan as Settings
from lastseen.shared.ipmsg.entry import Entry
from lastseen.shared.ipmsg.text import clean
from lastseen.shared.lan.conduct import Habits
from lastseen.shared.version import VERSION

PROGRAM = f"1_lastseen {VERSION}"
"""The version field of our packets: its `1` is the protocol's, the rest names the program."""


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
