"""What a channel sent in this run of the server, whatever became of its settings meanwhile."""

from msgspec import Struct

NEVER = float("-inf")


class Tally(Struct):
    """Counts of one channel. Times are of the schedule's clock.

    Attributes:
        sent: Deliveries that the channel took.
        failed: Deliveries that were given up after `max_attempts`.
        last_sent: When the channel took the last one; NEVER before.
    """

    sent: int = 0
    failed: int = 0
    last_sent: float = NEVER
