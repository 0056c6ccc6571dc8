"""Which connections may come in, and which have to do something by when to stay.

A connection that has said nothing is a stranger and has `HELLO_DEADLINE`. An observer (it lists,
asks) may be silent as long as a client may. One that was dismissed has `LEAVE_DEADLINE` to close.
Registered clients are the registry's matter, and watchers are silent by nature: TCP keepalive and
TCP_USER_TIMEOUT close their dead connections. Pure: `now` is an argument.
"""

from collections import Counter, OrderedDict
from itertools import islice
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
    """Deadlines of connections that have no session; how many there are, of which kind and from
    where.

    Each group waits equally long, so the one that came first stands first.
    """

    def __init__(self) -> None:
        self._strangers: OrderedDict[Connection, float] = OrderedDict()
        self._observers: OrderedDict[Connection, float] = OrderedDict()
        self._leaving: OrderedDict[Connection, float] = OrderedDict()
        self._watching: set[Connection] = set()  # and not registered
        self._sharing: set[Connection] = set()  # registered, beside another session of the client
        self._from_host: Counter[str] = Counter()
        self._count = 0

    def has_room(self, address: str, limit: int) -> bool:
        """Whether one more may come from the host of an address (`limit` 0: any number)."""
        return not limit or self._from_host[_host(address)] < limit

    def __len__(self) -> int:
        """How many connections are open."""
        return self._count

    @property
    def staying(self) -> int:
        """How many connections are open and were not dismissed."""
        return len(self) - len(self._leaving)

    @property
    def others(self) -> int:
        """How many connections register nobody, or a client that another one registers too.

        Connections that have said nothing yet do not count: they may be clients that return.
        """
        return len(self._observers) + len(self._watching) + len(self._sharing)

    def first_stranger(self, now: float, silent_for: float) -> "list[Connection]":
        """Return the stranger that came first, if it has been silent for so many seconds."""
        first = list(islice(self._strangers.items(), 1))
        return [connection for connection, since in first if since <= now - silent_for]

    def first_leaving(self) -> "list[Connection]":
        """Return the connection that was dismissed first, if any is still open."""
        return list(islice(self._leaving, 1))

    def arrived(self, connection: "Connection", now: float) -> None:
        """A stranger is in."""
        self._strangers[connection] = now
        self._from_host[_host(connection.address)] += 1
        self._count += 1

    def heard(self, connection: "Connection", now: float, most_others: int) -> bool:
        """Note that a connection without a session said something: it is an observer.

        One that watches stays a watcher. False if it is a stranger, and `most_others` connections
        that register nobody are open already.
        """
        if connection in self._strangers:
            if self.others >= most_others:
                return False
            del self._strangers[connection]
        elif connection not in self._observers:
            return True
        self._observers[connection] = now
        self._observers.move_to_end(connection)
        return True

    def watches(self, connection: "Connection") -> None:
        """Note that a connection without a session watches: it has no deadline of ours."""
        self._forget(connection)
        self._watching.add(connection)

    def registered(self, connection: "Connection", *, shares: bool) -> None:
        """Note that a connection registered: the registry has its deadline.

        `shares`: its client has another session.
        """
        self._forget(connection)
        if shares:
            self._sharing.add(connection)

    def leaving(self, connection: "Connection", now: float) -> None:
        """It was dismissed."""
        self._forget(connection)
        self._leaving[connection] = now

    def gone(self, connection: "Connection") -> None:
        """It is closed."""
        self._forget(connection)
        self._leaving.pop(connection, None)
        host = _host(connection.address)
        self._from_host[host] -= 1
        self._count -= 1
        if not self._from_host[host]:
            del self._from_host[host]

    def _forget(self, connection: "Connection") -> None:
        self._strangers.pop(connection, None)
        self._observers.pop(connection, None)
        self._watching.discard(connection)
        self._sharing.discard(connection)

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
