"""Registrations whose refusal is held back, so that a peer that returns at once is slowed down.

A peer that does not heed `retry_after` would otherwise register and be refused a thousand times a
second. It waits on one connection instead. Pure: `now` is an argument.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lastseen.server.links.connection import Connection

DELAY = 1.0
"""Seconds for which a refusal is held back, at least."""


class DelayedRefusals:
    """The connections whose refusal is held back, at most one refusal each."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[Connection, tuple[float, Callable[[], None]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, connection: "Connection", refuse: Callable[[], None], now: float) -> None:
        """Have `refuse` called after the delay; a refusal that already waits keeps its time."""
        since, _ = self._waiting.get(connection, (now, refuse))
        self._waiting[connection] = since, refuse

    def remove(self, connection: "Connection") -> None:
        """Forget a connection that registered or ended."""
        self._waiting.pop(connection, None)

    def due(self, now: float) -> "list[tuple[Connection, Callable[[], None]]]":
        """Return and forget the refusals whose delay is over, oldest first."""
        due = []
        while self._waiting:
            connection, (since, refuse) = next(iter(self._waiting.items()))
            if now - since < DELAY:
                break
            del self._waiting[connection]
            due.append((connection, refuse))
        return due
