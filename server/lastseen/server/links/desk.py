"""What every conversation needs of the server, in one place, so that a link carries one reference
to it.
"""

from collections.abc import Callable

from msgspec import Struct

from lastseen.server.links.doorkeeper import Doorkeeper
from lastseen.server.presence.presence import Presence
from lastseen.server.steering import Steering
from lastseen.shared.messages import Stats


class Desk(Struct, frozen=True):
    """Where conversations turn to.

    Attributes:
        stats: How the server is, as the answer to a request_id.
    """

    presence: Presence
    steering: Steering
    doorkeeper: Doorkeeper
    stats: Callable[[int | None], Stats]
