"""What every conversation needs of the server, in one place, so that a link carries one reference
to it.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from msgspec import Struct, field

from lastseen.server.links.connection_limits import UNLIMITED, ConnectionLimits
from lastseen.server.links.delayed_refusals import DelayedRefusals
from lastseen.server.links.doorkeeper import Doorkeeper
from lastseen.server.links.idle_cuts import IdleCuts
from lastseen.server.presence.presence import Presence
from lastseen.server.steering import Steering
from lastseen.shared.messages import Answer, NotifyQuestion, Question, Stats

Q_contra = TypeVar("Q_contra", contravariant=True)


class Asker(Protocol[Q_contra]):
    """Who can answer questions that take a while."""

    def ask(
        self, question: Q_contra, reply: Callable[[Answer], None], wanted: Callable[[], bool]
    ) -> None:
        """Have `reply` called with the answer, later, if it is still `wanted` then."""


class Desk(Struct, frozen=True):
    """Where conversations turn to.

    Attributes:
        stats: How the server is, as the answer to a request_id.
        archive: Who answers questions about the past; None where nothing is remembered.
        telling: Who answers questions about notifications; None where nothing is remembered.
        limits: How many connections may be open.
        idle_cuts: Finds out whether idle connections are cut on their way.
        delayed: Refusals that are held back, to slow their peers down.
    """

    presence: Presence
    steering: Steering
    doorkeeper: Doorkeeper
    stats: Callable[[int | None], Stats]
    archive: Asker[Question] | None = None
    telling: Asker[NotifyQuestion] | None = None
    limits: Callable[[], ConnectionLimits] = lambda: UNLIMITED
    idle_cuts: IdleCuts = field(default_factory=IdleCuts)
    delayed: DelayedRefusals = field(default_factory=DelayedRefusals)
