"""Members of the LAN as clients: `lan:ADDRESS`, present as long as they are heard.

UDP proves nothing about its sender. So what comes this way adds and refreshes clients of these ids
by sessions without a link, and has no way to touch a session of any other kind.
"""

import ipaddress

from lastseen.server.presence.admission import LAN_PREFIX, RegistrationRefused
from lastseen.server.presence.linkless import Beat
from lastseen.server.presence.model import Moment
from lastseen.server.presence.presence import Presence
from lastseen.shared.address import format_address
from lastseen.shared.ipmsg.entry import Entry
from lastseen.shared.lan.peers import Peer
from lastseen.shared.messages import Availability


class LanClients:
    """What presence is told of members.

    Attributes:
        refused: Signs of life that presence refused: the server is full.
    """

    def __init__(self, presence: Presence) -> None:
        self.refused = 0
        self._presence = presence

    def hear(self, peer: Peer, port: int, timeout: float, now: Moment) -> None:
        """A sign of life of a member; `timeout` is how long (s) it may be silent from now on."""
        self._beat(peer.member.name, peer.shown_address, peer.entry, port, timeout, now)

    def be_present(
        self, address: str, entry: Entry, port: int, timeout: float, now: Moment
    ) -> None:
        """The server's own entry: one member more."""
        self._beat(address, address, entry, port, timeout, now)

    def leave(self, name: str, now: Moment) -> None:
        """A member said goodbye."""
        self._presence.leave_linkless(LAN_PREFIX + name, "lan", now)

    def quiet(self, now: Moment) -> list[str]:
        """The names of those who were silent for half of their timeout, or are awaited after a
        restart.
        """
        clients = self._presence.quiet("lan", now)
        names = (client_id.removeprefix(LAN_PREFIX) for client_id in clients)
        return [name for name in names if _is_address(name)]

    def _beat(
        self, name: str, address: str, entry: Entry, port: int, timeout: float, now: Moment
    ) -> None:
        client_id = LAN_PREFIX + name
        beat = Beat(
            client_id,
            "lan",
            format_address(address, port),
            timeout,
            name=entry.nickname or entry.user,
            hostname=entry.host,
            groups=(entry.group,) if entry.group else (),
            meta={"user": entry.user, "program": entry.program},
        )
        try:
            self._presence.beat(beat, now)
        except RegistrationRefused:
            self.refused += 1
            return
        mood: Availability = "away" if entry.away else "available"
        self._presence.set_linkless_availability(client_id, "lan", mood, entry.note)


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True
