"""Counts what limits refuse, and logs it at most once a second for each code. Pure."""

from collections import Counter
from collections.abc import Callable

from lastseen.server import logs

LOGGED_EVERY = 1.0
"""Seconds between two log lines of one code: a flood of refusals must not flood the log."""

log = logs.get_logger()


def too_many_watchers(most: int) -> tuple[str, str]:
    """Return the code and the sentence of a refusal to watch where `most` may."""
    sentence = f"the server has no room for another watcher: server.max_watchers is {most}"
    return "too_many_watchers", sentence


class Refusals:
    """The refusals of one server since its start.

    Attributes:
        counts: How many there were, by their code.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` is a monotonic time in seconds."""
        self.counts: Counter[str] = Counter()
        self._now = now
        self._logged_at: dict[str, float] = {}
        self._logged: Counter[str] = Counter()

    def record(self, code: str, why: str, **fields: object) -> None:
        """Count a refusal; log it, unless one of this code was logged within the last second.

        Args:
            code: The code that the peer is sent.
            why: The sentence that the peer is sent.
            fields: What the log line names besides: the address, the client.
        """
        self.counts[code] += 1
        now = self._now()
        if now - self._logged_at.get(code, -LOGGED_EVERY) < LOGGED_EVERY:
            return
        unlogged = self.counts[code] - self._logged[code] - 1
        self._logged_at[code], self._logged[code] = now, self.counts[code]
        log.warning("refused", code=code, why=why, **fields, more=unlogged)
