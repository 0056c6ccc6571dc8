"""What a member without a server needs: its sockets, and its conduct."""

import os
import random
import secrets
import time

from lastseen.client.errors import ConnectFailed
from lastseen.shared.address import format_address
from lastseen.shared.ipmsg.beacon import Beacon
from lastseen.shared.ipmsg.entry import Entry
from lastseen.shared.ipmsg.text import LegacyEncoding
from lastseen.shared.lan.conduct import Conduct, Habits
from lastseen.shared.lan.post import ANY, Post

INTERVALS = 3
"""Announcements that a member may leave unanswered: the proportion of a server's defaults."""


def open_post(bind: str, port: int) -> Post:
    """The sockets of a member at an address of this machine; empty: at all.

    Raises:
        ConnectFailed: The port is in use by another member, or the address is not this machine's.
    """
    try:
        return Post(bind or ANY, port)
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else str(error)
        where = format_address(bind or ANY, port)
        raise ConnectFailed(f"cannot be a member at {where} (UDP): {why}") from error


def conduct_of(me: Entry, interval: float, port: int, legacy: LegacyEncoding) -> Conduct:
    """How it behaves; `interval` is that of its announcements, in seconds."""
    habits = Habits(peer_timeout=INTERVALS * interval, legacy=legacy, port=port)
    beacon = Beacon(secrets.token_hex(4))
    return Conduct(me, beacon, habits, number=int(time.time()), chance=random.random)
