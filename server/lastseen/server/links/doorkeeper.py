"""Which connections may come in, and which have to do something by when to stay.

A connection that has said nothing is a stranger and has `HELLO_DEADLINE`. An observer (it lists,
asks) may be silent as long as a client may. One that was dismissed has `LEAVE_DEADLINE` to close.
Registered clients are the registry's matter, and watchers hold still by nature: TCP keepalive finds
their dead links. Pure: `now` is an argument.
"""

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from lastseen.server.links.connection import Connection

HELLO_DEADLINE = 10.0
"""Seconds in which a connection must have said something complete."""

LEAVE_DEADLINE = 2.0
"""Seconds that a dismissed peer has to read its goodbye and close."""


class Due(Struct):
    """Those whose time is up."""

    strangers: "list[Connection]"
    observers: "list[Connection]"
    leaving: "list[Connection]"


class Doorkeeper:
    """Deadlines of the links that have no session, and how many come from each address.

    Each group waits equally long, so the one that came first stands first.
    """

    def __init__(self) -> None:
        self._strangers: OrderedDict[Connection, float] = OrderedDict()
        self._observers: OrderedDict[Connection, float] = OrderedDict()
        self._leaving: OrderedDict[Connection, float] = OrderedDict()
        self._from_host: Counter[str] = Counter()

    def has_room(self, address: str, limit: int) -> bool:
        """Whether one more may come from the host of an address (`limit` 0: any number)."""
        return not limit or self._from_host[_host(address)] < limit

    def arrived(self, connection: "Connection", now: float) -> None:
        """A stranger is in."""
        self._strangers[connection] = now
        self._from_host[_host(connection.address)] += 1

    def heard(self, connection: "Connection", now: float) -> None:
        """One without a session said something: it is an observer, awake since `now`.

        One that was excused stays so.
        """
        if self._strangers.pop(connection, None) is None and connection not in self._observers:
            return
        self._observers[connection] = now
        self._observers.move_to_end(connection)

    def excused(self, connection: "Connection") -> None:
        """It registered, or watches: no deadline of ours."""
        self._strangers.pop(connection, None)
        self._observers.pop(connection, None)

    def leaving(self, connection: "Connection", now: float) -> None:
        """It was dismissed."""
        self.excused(connection)
        self._leaving[connection] = now

    def gone(self, connection: "Connection") -> None:
        """It is closed."""
        self.excused(connection)
        self._leaving.pop(connection, None)
        host = _host(connection.address)
        self._from_host[host] -= 1
        if not self._from_host[host]:
            del self._from_host[host]

    def due(self, now: float, idle_timeout: float) -> Due:
        """Those whose time is up. They stay due until they are gone or leaving."""
        return Due(
            strangers=_since(self._strangers, now - HELLO_DEADLINE),
            observers=_since(self._observers, now - idle_timeout),
            leaving=_since(self._leaving, now - LEAVE_DEADLINE),
        )


def _since(waiting: "OrderedDict[Connection, float]", moment: float) -> "list[Connection]":
    found = []
    for connection, since in waiting.items():
        if since > moment:
            break
        found.append(connection)
    return found


def _host(address: str) -> str:
    return address.rpartition(":")[0]
