"""Finds out that something between clients and server cuts idle connections. Pure.

An end counts when the same process comes back soon: then only the connection had ended. Ends of one
moment count once, as clients that a restart of a proxy cuts off together tell no more than one.
"""

from collections import OrderedDict, deque
from datetime import UTC, datetime

from msgspec import Struct

from lastseen.server.presence.model import Moment
from lastseen.shared.idle_cut import SHORTEST, constant_age, tolerance
from lastseen.shared.messages import IdleCut

ENOUGH = 3
"""Ends that must agree, as in the client library, which pings more often after as many."""

KEPT = 64
"""Ends that are compared: the latest."""

ONE_MOMENT = 1.0
"""Seconds in which ends count once."""

COMES_BACK_WITHIN = 60.0
"""Seconds in which a process whose connection was cut is back: its pauses reach 20 s."""

MOST_AWAITED = 10_000
"""Clients whose return is awaited at once: as many as a full server has by default."""

Client = tuple[str, str]
"""A client_id and an instance: one process, whatever connection it has."""


class _End(Struct, frozen=True):
    at: Moment
    silence: float
    address: str


class IdleCuts:
    """The latest ends of connections that were no end of their client."""

    def __init__(self) -> None:
        self._awaited: OrderedDict[Client, _End] = OrderedDict()
        self._silences: deque[float] = deque(maxlen=KEPT)
        self._last_at = float("-inf")
        self._found: IdleCut | None = None

    def found(self, interval: float) -> IdleCut | None:
        """Return the cut that was found, if clients that are heard every `interval` meet it."""
        return self._found if self._found is not None and self._found.after < interval else None

    def ended(
        self, client: Client, address: str, silence: float, interval: float, now: Moment
    ) -> None:
        """Note that a client's connection ended without a goodbye.

        Args:
            client: Whose it was.
            address: Where it came from, `host:port`.
            silence: For how many seconds the client had not been heard.
            interval: How often the client lets itself be heard; longer silences are no idle cut.
            now: When it ended.
        """
        if SHORTEST <= silence < interval:
            self._forget_old(now)
            self._awaited[client] = _End(now, silence, address)
            self._awaited.move_to_end(client)

    def returned(self, client: Client, now: Moment) -> IdleCut | None:
        """Note that a client registered. Returns the cut that this shows, if it is news."""
        end = self._awaited.pop(client, None)
        if end is None or now.awake - end.at.awake > COMES_BACK_WITHIN:
            return None
        if end.at.awake - self._last_at < ONE_MOMENT:
            return None
        self._last_at = end.at.awake
        self._silences.append(end.silence)
        known = self._found
        if known is not None and _agree(known.after, end.silence):
            self._found = _described(end, client, known.after, known.ends + 1)
            return None
        after = constant_age(self._silences, ENOUGH)
        if after is None or (known is not None and _agree(known.after, after)):
            return None
        self._found = _described(end, client, after, ENOUGH)
        return self._found

    def _forget_old(self, now: Moment) -> None:
        """Make room for one more end: clients that stay away are awaited no longer."""
        while self._awaited:
            first = next(iter(self._awaited))
            is_old = now.awake - self._awaited[first].at.awake > COMES_BACK_WITHIN
            if not is_old and len(self._awaited) < MOST_AWAITED:
                return
            del self._awaited[first]


def _agree(one: float, other: float) -> bool:
    return abs(one - other) <= tolerance(min(one, other))


def _described(end: _End, client: Client, after: float, ends: int) -> IdleCut:
    return IdleCut(
        after=round(after, 2),
        ends=ends,
        last_at=datetime.fromtimestamp(end.at.wall, UTC),
        address=end.address,
        client_id=client[0],
    )
