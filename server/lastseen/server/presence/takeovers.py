"""Takeovers of one client_id by several processes: how often, and when the next one may be. Pure.

A takeover is the registration of another instance while an older one is online. One is ordinary: a
machine was replaced. Many mean that two processes share an id and push each other out for ever.
"""

from collections import OrderedDict, deque

from msgspec import Struct

REPEATED, WINDOW = 3, 600.0
"""Takeovers within so many seconds that make an id contested. A machine that was replaced, and
replaced again, makes two."""

AT_ONCE, PACE = 5, 60.0
"""Takeovers that may happen within so many seconds. Enough for a person who restarts a process by
hand; for two that fight it bounds the cost to 7,200 a day, about 2 MB of history."""

WARNED_EVERY = 600.0
"""Seconds between two warnings about one id."""


class _Fight(Struct):
    """The latest takeovers of one id, as awake times, the oldest first."""

    moments: deque[float]
    warned_at: float = float("-inf")


class Takeovers:
    """The ids that were taken over within `WINDOW`."""

    def __init__(self) -> None:
        self._fights: OrderedDict[str, _Fight] = OrderedDict()  # the latest takeover stands last

    def wait(self, client_id: str, now: float) -> float:
        """Return in how many seconds the next takeover may be; 0: now."""
        fight = self._fights.get(client_id)
        if fight is None or len(fight.moments) < AT_ONCE:
            return 0.0
        return max(0.0, fight.moments[0] + PACE - now)

    def record(self, client_id: str, now: float) -> bool:
        """Note a takeover; return whether the id is contested with it."""
        self._forget_old(now)
        fight = self._fights.setdefault(client_id, _Fight(deque(maxlen=AT_ONCE)))
        fight.moments.append(now)
        self._fights.move_to_end(client_id)
        return _is_contested(fight, now)

    def should_warn(self, client_id: str, now: float) -> bool:
        """Return whether a warning about an id is due, and note that it is given."""
        fight = self._fights[client_id]
        if now - fight.warned_at < WARNED_EVERY:
            return False
        fight.warned_at = now
        return True

    def contested(self, now: float) -> int:
        """Return how many ids are contested."""
        self._forget_old(now)
        return sum(_is_contested(fight, now) for fight in self._fights.values())

    def _forget_old(self, now: float) -> None:
        while self._fights:
            client_id, fight = next(iter(self._fights.items()))
            if now - fight.moments[-1] < WINDOW:
                return
            del self._fights[client_id]


def _is_contested(fight: _Fight, now: float) -> bool:
    return sum(now - moment < WINDOW for moment in fight.moments) >= REPEATED
