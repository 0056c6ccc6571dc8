"""`/api/clients`: who is here, and what is known of each."""

from datetime import datetime
from typing import Annotated, Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, PathParameter, QueryParameter
from msgspec import Struct
from msgspec.structs import replace

from lastseen.server.http.access import OBSERVER
from lastseen.server.http.desk import Desk
from lastseen.server.http.paths import client_id_in, legal
from lastseen.server.http.problems import REFUSALS, Problem
from lastseen.server.http.sorting import sorted_page
from lastseen.shared.messages import (
    ClientList,
    ClientRecord,
    EventRecord,
    GetHistory,
    GetUptime,
    History,
    List,
    Uptime,
    UptimeWindow,
    Via,
)
from lastseen.shared.messages.fields import ClientId

Wanted = Literal["present", "online", "late", "offline", "all"]

Segment = Annotated[str, PathParameter(description="The client_id.", min_length=1)]
Limit = Annotated[
    int, QueryParameter(ge=1, le=1000, description="At most so many; fewer may come.")
]


class ClientPage(Struct, frozen=True, omit_defaults=True):
    """A page of clients; `after` is the cursor of the next page, absent on the last one."""

    clients: list[ClientRecord]
    epoch: str
    revision: int
    after: str | None = None


class EventPage(Struct, frozen=True, omit_defaults=True):
    """A page of a client's history, the latest first; `before` is the cursor of the next page."""

    client_id: str
    events: list[EventRecord]
    before: int | None = None


class UptimeOfOne(Struct, frozen=True):
    """How much of a day, a week and 30 days a client was online."""

    client_id: str
    windows: list[UptimeWindow]


@get(
    "/api/clients", guards=[OBSERVER], responses=REFUSALS, tags=["clients"], summary="List clients"
)
async def list_clients(
    desk: NamedDependency[Desk],
    status: FromQuery[Wanted] = "present",
    group: Annotated[str | None, QueryParameter(max_length=64)] = None,
    search: Annotated[str | None, QueryParameter(max_length=128)] = None,
    via: FromQuery[Via | None] = None,
    sort: FromQuery[Literal["id", "name", "status", "last_seen"]] = "id",
    limit: Limit = 500,
    after: Annotated[str | None, QueryParameter(max_length=1000, description="The cursor.")] = None,
) -> ClientPage:
    """A page of the clients that match."""
    wanted = None if status == "present" else status
    request = List(wanted, group=group, search=search, via=via, limit=limit)
    if sort != "id":
        records, cursor = await sorted_page(desk, request, sort, after)
        return ClientPage(records, desk.presence.epoch, desk.presence.journal.revision, cursor)
    cursor = None if after is None else legal(after, ClientId, "after")
    page = await _listed(desk, replace(request, after=cursor))
    return ClientPage(page.clients, page.epoch, page.revision, page.after)


@get(
    "/api/clients/{segment:str}",
    guards=[OBSERVER],
    responses=REFUSALS,
    tags=["clients"],
    summary="One client",
)
async def show_client(desk: NamedDependency[Desk], segment: Segment) -> ClientRecord:
    """The record of a client, present or remembered."""
    return await find(desk, client_id_in(segment))


@get(
    "/api/clients/{segment:str}/events",
    guards=[OBSERVER],
    responses=REFUSALS,
    tags=["clients"],
    summary="Its history",
)
async def show_events(
    desk: NamedDependency[Desk],
    segment: Segment,
    since: Annotated[
        datetime | None, QueryParameter(description="Only what happened since.")
    ] = None,
    limit: Limit = 500,
    before: Annotated[
        int | None, QueryParameter(ge=0, le=2**63 - 1, description="The cursor.")
    ] = None,
) -> EventPage:
    """What happened to a client, the latest first."""
    if since is not None and since.tzinfo is None:
        raise Problem("bad_request", f"since: expected a time with a zone, got '{since}'")
    question = GetHistory(client_id_in(segment), since, limit, before)
    page = await desk.asking.ask(desk.remembered(), question, History)
    return EventPage(page.client_id, page.events, page.before)


@get(
    "/api/clients/{segment:str}/uptime",
    guards=[OBSERVER],
    responses=REFUSALS,
    tags=["clients"],
    summary="Its uptime",
)
async def show_uptime(desk: NamedDependency[Desk], segment: Segment) -> UptimeOfOne:
    """How much of a day, a week and 30 days a client was online."""
    question = GetUptime(client_id_in(segment), limit=1)
    found = (await desk.asking.ask(desk.remembered(), question, Uptime)).clients[0]
    return UptimeOfOne(found.client_id, found.windows)


async def find(desk: Desk, client_id: str) -> ClientRecord:
    """A client that is known.

    Raises:
        Problem: It is not.
    """
    desk.presence.publish()  # whoever is late by now is shown so
    record = desk.presence.registry.record(client_id)
    if record is None and desk.past is not None:
        record = await desk.past.find(client_id)
    if record is None:
        raise Problem("unknown_client", f"no client {client_id!r} is known")
    return record


async def _listed(desk: Desk, request: List) -> ClientList:
    if request.status in ("offline", "all") and desk.past is not None:
        return await desk.asking.ask(desk.past, request, ClientList)
    return desk.presence.list(request)
