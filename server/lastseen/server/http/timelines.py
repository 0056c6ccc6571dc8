"""`/api/timelines`: what clients were when, to be drawn as strips."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct

from lastseen.server.http.access import OBSERVER
from lastseen.server.http.desk import Desk
from lastseen.server.http.problems import REFUSALS, Problem
from lastseen.shared.explain import shown
from lastseen.shared.messages import ClientId, Status

AT_ONCE = 100
"""Clients drawn for one answer at most."""

HOUR = 3600.0
"""In seconds."""


class Stretch(Struct, frozen=True):
    """From one moment to another."""

    since: datetime
    until: datetime


class Span(Struct, frozen=True):
    """A stretch of one status."""

    since: datetime
    until: datetime
    status: Status


class Timeline(Struct, frozen=True):
    """A client's stretches, in order and without gaps; none of one that nobody knows."""

    client_id: str
    spans: list[Span]


class Drawn(Struct, frozen=True):
    """What clients were within a window of time; where nobody watched, that wins."""

    since: datetime
    until: datetime
    unwatched: list[Stretch]
    timelines: list[Timeline]


@get(
    "/api/timelines",
    guards=[OBSERVER],
    responses=REFUSALS,
    tags=["clients"],
    summary="What several were when",
)
async def show_timelines(
    desk: NamedDependency[Desk],
    client_id: Annotated[list[str], QueryParameter(min_items=1, max_items=AT_ONCE)],
    hours: Annotated[
        float, QueryParameter(ge=0.1, le=720, description="The window ends now.")
    ] = 24.0,
) -> Drawn:
    """The stretches of up to 100 clients over the last hours."""
    until = desk.presence.clock.now().wall
    since = until - hours * HOUR
    found = await desk.remembered().timelines(_legal(client_id), since, until)
    return Drawn(
        _moment(since),
        _moment(until),
        [Stretch(_moment(begin), _moment(end)) for begin, end in found.unwatched],
        [
            Timeline(id_, [Span(_moment(s.since), _moment(s.until), s.status) for s in spans])
            for id_, spans in found.spans.items()
        ],
    )


def _legal(client_ids: list[str]) -> list[str]:
    for client_id in client_ids:
        try:
            msgspec.convert(client_id, ClientId)
        except msgspec.ValidationError:
            sentence = f"client_id: expected 1 to 128 characters, got {shown(client_id)}"
            raise Problem("bad_request", sentence) from None
    return client_ids


def _moment(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC)
