"""Who is told of what: `/api/deliveries`, `/api/silences`, `/api/channels`."""

import time
from typing import Annotated, Any

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta, Struct

from lastseen.server.http.access import ADMIN, OBSERVER, address_of
from lastseen.server.http.clients import Limit
from lastseen.server.http.desk import Desk
from lastseen.server.http.paths import legal, text_in
from lastseen.server.http.problems import REFUSALS, problem_of
from lastseen.shared.messages import (
    ChannelEnabled,
    ChannelName,
    ChannelRecord,
    Channels,
    ClientId,
    Deliveries,
    DeliveryRecord,
    DeliveryState,
    EnableChannel,
    GetChannels,
    GetDeliveries,
    GetSilences,
    Glob,
    Group,
    Retried,
    Retry,
    Silence,
    Silenced,
    SilenceRecord,
    Silences,
    SilenceSeconds,
    Unsilence,
    Unsilenced,
)

LARGEST = 2**63 - 1
"""Of an id: what the store counts to."""

Id = Annotated[int, PathParameter(ge=0, le=LARGEST)]
Cursor = Annotated[int | None, QueryParameter(ge=0, le=LARGEST, description="The cursor.")]
Text = Annotated[str | None, QueryParameter(min_length=1, max_length=128)]


class DeliveryPage(Struct, frozen=True, omit_defaults=True):
    """A page of deliveries, the latest first; `before` is the cursor of the next page."""

    deliveries: list[DeliveryRecord]
    before: int | None = None


class SilencePage(Struct, frozen=True, omit_defaults=True):
    """A page of what is silenced now; `after` is the cursor of the next page."""

    silences: list[SilenceRecord]
    after: int | None = None


class ChannelPage(Struct, frozen=True, omit_defaults=True):
    """A page of channels, in the order of their names; `after` is the cursor of the next page."""

    channels: list[ChannelRecord]
    after: str | None = None


class ChannelTest(Struct, frozen=True, omit_defaults=True):
    """The outcome of a test message: whether the receiver accepted it, after how many `seconds`,
    and otherwise why not.
    """

    delivered: bool
    seconds: float
    error: str = ""


class NewSilence(Struct, frozen=True, kw_only=True):
    """Whom to tell nothing of, and for how many seconds: a client_id or a glob, a group, or who
    fits both.
    """

    seconds: SilenceSeconds
    client: Glob | None = None
    group: Group | None = None
    reason: Annotated[str, Meta(max_length=256)] = ""


@get(
    "/api/deliveries",
    guards=[OBSERVER],
    responses=REFUSALS,
    tags=["notifications"],
    summary="What was told to whom, or is to be",
)
async def show_deliveries(
    desk: NamedDependency[Desk],
    channel: Text = None,
    client_id: Text = None,
    # `state` is the framework's own word in a signature
    in_state: Annotated[DeliveryState | None, QueryParameter(name="state")] = None,
    limit: Limit = 500,
    before: Cursor = None,
) -> DeliveryPage:
    """A page of deliveries, the latest first."""
    question = GetDeliveries(
        channel=_if_given(channel, ChannelName, "channel"),
        client_id=_if_given(client_id, ClientId, "client_id"),
        state=in_state,
        limit=limit,
        before=before,
    )
    page = await desk.asking.ask(desk.teller(), question, Deliveries)
    return DeliveryPage(page.deliveries, page.before)


@post(
    "/api/deliveries/{delivery:int}/retry",
    guards=[ADMIN],
    status_code=200,
    responses=REFUSALS,
    tags=["notifications"],
    summary="Try a failed one again",
)
async def retry(
    request: Request[Any, Any, Any], desk: NamedDependency[Desk], delivery: Id
) -> DeliveryRecord:
    """The delivery, due now."""
    answer = await desk.asking.ask(desk.teller(), Retry(delivery), Retried, address_of(request))
    return answer.delivery


@get(
    "/api/silences",
    guards=[OBSERVER],
    responses=REFUSALS,
    tags=["notifications"],
    summary="What is silenced now",
)
async def show_silences(desk: NamedDependency[Desk], after: Cursor = None) -> SilencePage:
    """A page of silences in force, planned maintenance too."""
    page = await desk.asking.ask(desk.teller(), GetSilences(after), Silences)
    return SilencePage(page.silences, page.after)


@post(
    "/api/silences",
    guards=[ADMIN],
    responses=REFUSALS,
    tags=["notifications"],
    summary="Tell nobody of some clients for a while",
)
async def silence(
    request: Request[Any, Any, Any], desk: NamedDependency[Desk], data: JSONBody[NewSilence]
) -> SilenceRecord:
    """The silence, in force from now on."""
    question = Silence(data.seconds, data.client, data.group, data.reason)
    by = address_of(request)
    return (await desk.asking.ask(desk.teller(), question, Silenced, by)).silence


@delete(
    "/api/silences/{which:int}",
    guards=[ADMIN],
    responses=REFUSALS,
    tags=["notifications"],
    summary="End a silence",
)
async def unsilence(
    request: Request[Any, Any, Any], desk: NamedDependency[Desk], which: Id
) -> None:
    """It is over."""
    await desk.asking.ask(desk.teller(), Unsilence(which), Unsilenced, address_of(request))


@get(
    "/api/channels",
    guards=[OBSERVER],
    responses=REFUSALS,
    tags=["notifications"],
    summary="Who is told, and how that goes",
)
async def show_channels(desk: NamedDependency[Desk], after: Text = None) -> ChannelPage:
    """A page of channels, in the order of their names."""
    question = GetChannels(_if_given(after, ChannelName, "after"))
    page = await desk.asking.ask(desk.teller(), question, Channels)
    return ChannelPage(page.channels, page.after)


@post(
    "/api/channels/{segment:str}/enable",
    guards=[ADMIN],
    status_code=204,
    responses=REFUSALS,
    tags=["notifications"],
    summary="Use a broken channel again",
)
async def enable_channel(
    request: Request[Any, Any, Any],
    desk: NamedDependency[Desk],
    segment: Annotated[str, PathParameter(min_length=1)],
) -> None:
    """It is tried again."""
    name = legal(text_in(segment, "channel"), ChannelName, "channel")
    by = address_of(request)
    await desk.asking.ask(desk.teller(), EnableChannel(name), ChannelEnabled, by)


@post(
    "/api/channels/{segment:str}/test",
    guards=[ADMIN],
    status_code=200,
    responses=REFUSALS,
    tags=["notifications"],
    summary="Send a test message through a channel",
)
async def test_channel(
    request: Request[Any, Any, Any],
    desk: NamedDependency[Desk],
    segment: Annotated[str, PathParameter(min_length=1)],
) -> ChannelTest:
    """The outcome, after at most the channel's timeout."""
    name = legal(text_in(segment, "channel"), ChannelName, "channel")
    begun = time.monotonic()
    error = await desk.channel_tester().test(name, address_of(request))
    seconds = round(time.monotonic() - begun, 3)
    if error is None:
        return ChannelTest(delivered=True, seconds=seconds)
    if error.code == "delivery_failed":
        return ChannelTest(delivered=False, seconds=seconds, error=error.message)
    raise problem_of(error)


def _if_given(text: str | None, kind: Any, name: str) -> str | None:  # noqa: ANN401 - as `legal`
    return None if text is None else legal(text, kind, name)
