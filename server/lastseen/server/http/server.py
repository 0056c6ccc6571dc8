"""`/api/stats`: how the server is."""

from litestar import get
from litestar.di import NamedDependency

from lastseen.server.http.access import OBSERVER
from lastseen.server.http.desk import Desk
from lastseen.server.http.problems import REFUSALS
from lastseen.shared.messages import Stats


@get(
    "/api/stats",
    guards=[OBSERVER],
    responses=REFUSALS,
    tags=["server"],
    summary="How the server is",
)
async def stats(desk: NamedDependency[Desk]) -> Stats:
    """The same as over the wire."""
    return desk.stats()
