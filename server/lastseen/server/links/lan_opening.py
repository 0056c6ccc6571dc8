"""Becoming a member of the LAN: the sockets, or why there are none."""

import os

from lastseen.server.errors import StartFailed
from lastseen.server.links.lan import Lan
from lastseen.server.presence.presence import Presence
from lastseen.server.steering import Steering
from lastseen.shared.address import format_address
from lastseen.shared.lan.post import Post


def open_lan(presence: Presence, steering: Steering) -> Lan:
    """The server as a member, with its sockets open.

    Raises:
        StartFailed: The port is in use (another member runs on this machine), or the address is not
            this machine's.
    """
    settings = steering.config.lan
    try:
        post = Post(settings.bind, settings.port, settings.broadcast)
    except OSError as error:
        where, why = format_address(settings.bind, settings.port), os.strerror(error.errno or 0)
        raise StartFailed(f"lan: cannot listen on {where} (UDP): {why.lower()}") from error
    return Lan(presence, lambda: steering.config.lan, post)
