"""Presence by HTTP, for scripts that hold nothing open; and the ways to send a client away."""

from typing import Annotated, Any

from litestar import Request, Response, delete, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta, Struct

from lastseen.server.change_log import log_forgotten, log_kicked
from lastseen.server.http.access import ADMIN, CLIENT, address_of
from lastseen.server.http.clients import Segment, find
from lastseen.server.http.desk import Desk
from lastseen.server.http.paths import client_id_in
from lastseen.server.http.problems import REFUSALS, Problem
from lastseen.server.presence.heartbeat_limits import (
    LONGEST,
    SHORTEST,
    HeartbeatLimits,
    LimitsConflict,
    heartbeat_limits,
)
from lastseen.server.presence.linkless import Beat
from lastseen.shared.address import format_address
from lastseen.shared.messages import (
    ClientRecord,
    Forget,
    Forgotten,
    Groups,
    Hostname,
    MetaData,
    Name,
)

NOBODY = "0.0.0.0:0"
"""Where a request came from that was made in this very process."""


Limit = Annotated[float, Meta(ge=SHORTEST, le=LONGEST)]
Grace = Annotated[float, Meta(ge=0, le=LONGEST)]


class Heartbeat(Struct, frozen=True, kw_only=True):
    """What a client may say of itself; what it leaves out stays as it was.

    `timeout`, `every` and `grace` may stand here or in the query, and are named in each heartbeat.
    """

    timeout: Limit | None = None
    every: Limit | None = None
    grace: Grace | None = None
    name: Name | None = None
    hostname: Hostname | None = None
    groups: Groups | None = None
    meta: MetaData | None = None
    instance: Annotated[str, Meta(max_length=64)] = ""


@post(
    "/api/clients/{segment:str}/heartbeat",
    guards=[CLIENT],
    status_code=200,
    responses=REFUSALS | {201: ResponseSpec(ClientRecord, generate_examples=False)},
    tags=["presence"],
    summary="A sign of life; the first registers",
)
async def heartbeat(
    request: Request[Any, Any, Any],
    desk: NamedDependency[Desk],
    segment: Segment,
    data: JSONBody[Heartbeat | None] = None,
    timeout: Annotated[  # noqa: ASYNC109 - how long to wait for the next one, not for this
        float | None,
        QueryParameter(
            ge=SHORTEST, le=LONGEST, description="Offline after so many seconds without another."
        ),
    ] = None,
    every: Annotated[
        float | None,
        QueryParameter(
            ge=SHORTEST, le=LONGEST, description="Late after so many seconds without another."
        ),
    ] = None,
    grace: Annotated[
        float | None,
        QueryParameter(ge=0, le=LONGEST, description="Seconds from late to offline, with `every`."),
    ] = None,
) -> Response[ClientRecord]:
    """201 with the record when it began to be present so, else 200."""
    said = data or Heartbeat()
    client = request.client
    query = Heartbeat(timeout=timeout, every=every, grace=grace)
    limits = _limits(query, said, desk.presence.policy.connection_timeout)
    beat = Beat(
        client_id_in(segment),
        "http",
        format_address(*client) if client else NOBODY,
        limits.timeout,
        limits.every,
        instance=said.instance,
        name=said.name,
        hostname=said.hostname,
        groups=said.groups,
        meta=said.meta,
    )
    began = desk.presence.beat(beat, desk.presence.clock.now())
    return Response(await find(desk, beat.client_id), status_code=201 if began else 200)


def _limits(query: Heartbeat, body: Heartbeat, default: float) -> HeartbeatLimits:
    """How long the client may be silent, by what the query and the body say.

    Raises:
        Problem: `bad_request`: they contradict each other.
    """
    for name in ("timeout", "every", "grace"):
        if None not in (getattr(query, name), getattr(body, name)):
            raise Problem("bad_request", f"{name}: expected in the query or the body, got both")
    try:
        return heartbeat_limits(
            query.timeout if body.timeout is None else body.timeout,
            query.every if body.every is None else body.every,
            query.grace if body.grace is None else body.grace,
            default,
        )
    except LimitsConflict as conflict:
        raise Problem("bad_request", str(conflict)) from conflict


@post(
    "/api/clients/{segment:str}/leave",
    guards=[CLIENT],
    status_code=204,
    responses=REFUSALS,
    tags=["presence"],
    summary="Goodbye of a client that is present by heartbeats",
)
async def leave(desk: NamedDependency[Desk], segment: Segment) -> None:
    """Offline at once, reason `left`."""
    client_id = client_id_in(segment)
    if not desk.presence.leave_linkless(client_id, "http", desk.presence.clock.now()):
        raise Problem("unknown_client", f"{client_id!r} is not present by heartbeats over HTTP")


@delete(
    "/api/clients/{segment:str}",
    guards=[ADMIN],
    responses=REFUSALS,
    tags=["clients"],
    summary="Forget, or kick",
)
async def forget(
    request: Request[Any, Any, Any],
    desk: NamedDependency[Desk],
    segment: Segment,
    kick: Annotated[
        bool, QueryParameter(description="End its sessions instead; forgets nothing.")
    ] = False,
) -> None:
    """Forget a client that is offline, and its history; or end the sessions of one that is not."""
    client_id, by = client_id_in(segment), address_of(request)
    if kick:
        if not desk.presence.kick(client_id, desk.presence.clock.now()):
            raise Problem("unknown_client", f"{client_id!r} is not present")
        log_kicked(client_id, by)
    elif desk.past is not None:
        await desk.asking.ask(desk.past, Forget(client_id), Forgotten, by)
    else:
        _forget_now(desk, client_id)
        log_forgotten(client_id, by)


def _forget_now(desk: Desk, client_id: str) -> None:
    """Where nothing is remembered but what this run has seen."""
    registry = desk.presence.registry
    if client_id in registry:
        sentence = f"{client_id!r} is present: only a client that is offline can be forgotten"
        raise Problem("client_present", sentence)
    if registry.record(client_id) is None:
        raise Problem("unknown_client", f"no client {client_id!r} is known")
    desk.presence.forget(client_id)
