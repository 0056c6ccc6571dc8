"""How many connections may be open at once, and for whom room is kept. Pure.

Three groups share the open files of the process. HTTP has a part of its own, so that health checks
and the page are answered however many clients and watchers there are. Of the TCP and WebSocket
connections, room is kept for clients: connections that register nobody, and further sessions of one
client, may use the rest. A few more may be open for the seconds in which a refused peer reads why.
"""

from msgspec import Struct

from lastseen.server.config.sections.section import MANY
from lastseen.server.config.sections.server import Server

BEYOND_CLIENTS = 5_000
"""Connections beyond max_clients where the settings give no number: 2,000 for HTTP, and as many
again for observers, watchers and pages in several tabs."""

MOST_REFUSED = 500
"""Refused connections that may be open for a moment, so that their peers read the refusal."""

MOST_HTTP = 2_000
"""HTTP connections at most: readers of the stream, and some that ask."""

HTTP_SHARE = 4
"""HTTP has at most one in so many connections, where open files are scarce."""

OTHERS_SHARE = 5
"""At least one in so many TCP and WebSocket connections is for others than clients."""


class ConnectionLimits(Struct, frozen=True):
    """How many connections may be open at once.

    Attributes:
        connections: TCP and WebSocket connections in all.
        others: Of these, connections that register nobody and further sessions of a client.
        refused: Connections beyond, which are being refused.
        http: HTTP connections.
        cause: What sets the bound, for a sentence: a setting or the limit of open files.
    """

    connections: int
    others: int
    refused: int
    http: int
    cause: str


UNLIMITED = ConnectionLimits(MANY, MANY, MANY, MANY, "")


def connections_wanted(settings: Server) -> int:
    """Return how many connections the settings ask for, HTTP and refused ones included."""
    return _wanted(settings) + MOST_REFUSED


def connection_limits(settings: Server, room: int, *, serves_http: bool) -> ConnectionLimits:
    """Share out what the settings ask for, as far as there is room.

    Args:
        settings: Their max_connections and max_clients.
        room: Connections that the limit of open files leaves room for.
        serves_http: Whether HTTP needs a part.
    """
    refused = min(MOST_REFUSED, room // 10)
    wanted = _wanted(settings)
    total = max(min(wanted, room - refused), 1)
    http = min(MOST_HTTP, total // HTTP_SHARE) if serves_http else 0
    connections = total - http
    kept_for_clients = min(settings.max_clients, connections - connections // OTHERS_SHARE)
    return ConnectionLimits(
        connections=connections,
        others=connections - kept_for_clients,
        refused=refused,
        http=http,
        cause="server.max_connections" if total == wanted else "the limit of open files",
    )


def _wanted(settings: Server) -> int:
    return settings.max_connections or settings.max_clients + BEYOND_CLIENTS
