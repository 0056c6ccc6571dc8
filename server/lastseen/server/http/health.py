"""`/healthz` and `/readyz`: for load balancers and supervisors."""

from typing import Literal

from litestar import get
from litestar.di import NamedDependency
from msgspec import Struct

from lastseen.server.http.desk import Desk
from lastseen.server.http.problems import Problem
from lastseen.server.http.stream import Readers


class Health(Struct, frozen=True):
    """It answers."""

    status: Literal["ok"] = "ok"


class Readiness(Struct, frozen=True):
    """It serves; presence does so even while the store does not answer."""

    status: Literal["ready"]
    store: Literal["none", "working", "unavailable"]


@get("/healthz", tags=["server"], summary="Does it answer?")
async def healthz() -> Health:
    """200 while the server answers at all."""
    return Health()


@get("/readyz", tags=["server"], summary="Does it serve?")
async def readyz(desk: NamedDependency[Desk], readers: NamedDependency[Readers]) -> Readiness:
    """200 when the server serves, 503 while it starts or stops."""
    if readers.stopping:
        raise Problem("stopping", "the server is stopping", retry_after=1.0)
    return Readiness("ready", desk.stats().store)
