"""What every conversation needs of the server, in one place, so that a link carries one reference
to it.
"""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from lastseen.server.links.doorkeeper import Doorkeeper
from lastseen.server.presence.presence import Presence
from lastseen.server.steering import Steering
from lastseen.shared.messages import Answer, Question, Stats


class Archive(Protocol):
    """Who can answer questions about the past."""

    def ask(
        self, question: Question, reply: Callable[[Answer], None], wanted: Callable[[], bool]
    ) -> None:
        """Have `reply` called with the answer, later, if it is still `wanted` then."""


class Desk(Struct, frozen=True):
    """Where conversations turn to.

    Attributes:
        stats: How the server is, as the answer to a request_id.
        archive: None where nothing is remembered.
    """

    presence: Presence
    steering: Steering
    doorkeeper: Doorkeeper
    stats: Callable[[int | None], Stats]
    archive: Archive | None = None
