"""A queue of sessions that wait equally long: the one that has waited longest stands first.

So only the front is ever looked at, and a pass costs O(expired), not O(waiting). Pure.
"""

from collections import OrderedDict
from collections.abc import Iterator

from lastseen.server.presence.model import Moment, Session

Queue = OrderedDict[Session, float]
"""Sessions with the awake time at which their wait began, the longest wait first."""


class Waiting:
    """Those of one state and one patience.

    Attributes:
        patience: How long a session may be here, in seconds.
        queue: Who is.
    """

    __slots__ = ("_before", "_shortened_at", "patience", "queue")

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.queue: Queue = OrderedDict()
        self._shortened_at = float("-inf")
        self._before = 0.0  # the patience until then

    def __len__(self) -> int:
        return len(self.queue)

    def deadline(self, session: Session) -> float:
        """The awake time until which a session may be here."""
        return self.queue[session] + self.patience

    def waited(self, seconds: float, now: Moment) -> Iterator[Session]:
        """Those that have waited so long, the longest first."""
        for session, began in self.queue.items():
            if now.awake - began < seconds:
                return
            yield session

    def over(self, now: Moment) -> Iterator[Session]:
        """Those whose wait is over, the longest first."""
        return self.waited(self._patience_at(now), now)

    def follow(self, patience: float, now: Moment) -> None:
        """Wait as long as this from now on.

        Nobody is blamed for the time before: where patience becomes shorter, a wait that has begun
        ends at the old deadline, or the new patience after now, whichever comes first.
        """
        before, self.patience = self._patience_at(now), patience
        if patience < before:
            self._shortened_at, self._before = now.awake, before

    def _patience_at(self, now: Moment) -> float:
        if self._before and now.awake - self._shortened_at < self.patience:
            return max(self.patience, self._before)
        return self.patience
