"""A page of clients in another order than that of their ids.

Those whom the registry knows are all looked at, in portions, for they are in no order but that of
their ids; those whom only the store knows come from there in order. Where both know a client, the
registry is right.
"""

import base64
import binascii
from typing import Annotated

import msgspec
import trio
from msgspec.structs import replace

from lastseen.server.http.desk import Desk, Past
from lastseen.server.http.problems import Problem
from lastseen.server.presence.listing import Filter
from lastseen.server.presence.ordering import OFFLINE, Key, Order, first, key_of
from lastseen.server.store import filtering
from lastseen.shared.fitting import that_fit
from lastseen.shared.messages import ClientList, ClientRecord, List

_FARTHEST = 2**33
"""Seconds before or after 1970, until the year 2242: more than the store can count is no cursor."""

_Place = Annotated[float, msgspec.Meta(ge=-_FARTHEST, le=_FARTHEST)]

PORTION = 1_000
"""Clients looked at before others get a turn: some milliseconds."""


async def sorted_page(
    desk: Desk, request: List, order: Order, cursor: str | None
) -> tuple[list[ClientRecord], str | None]:
    """The records of a page, and the cursor of the next.

    Raises:
        Problem: The cursor is none of this order.
    """
    after = None if cursor is None else _decoded(cursor, order)
    stored, until = await _stored(desk, request, order, after)
    found = stored | {
        key: record
        for key in first(await _keys(desk, request, order), after, request.limit + 1)
        if (record := _now(desk, key[1])) is not None
    }
    keys = sorted(key for key in found if until is None or key <= until)
    told = that_fit(found[key] for key in keys[: request.limit])
    if len(told) < len(keys):
        return told, _encoded(keys[len(told) - 1]) if told else None
    return told, None if until is None else _encoded(until)


async def _keys(desk: Desk, request: List, order: Order) -> list[Key]:
    """What each matching client that the registry knows goes by."""
    desk.presence.publish()  # whoever is late by now is sorted so
    registry, matches = desk.presence.registry, Filter(request)
    keys = []
    for index, client_id in enumerate(list(registry.ids_after(None)), 1):
        client = registry.find(client_id)
        if client is not None and matches(client):
            keys.append(key_of(order, client))
        if index % PORTION == 0:
            await trio.lowlevel.checkpoint()
    return keys


async def _stored(
    desk: Desk, request: List, order: Order, after: Key | None
) -> tuple[dict[Key, ClientRecord], Key | None]:
    """Those whom only the store knows, and up to where it has looked (None: all of them)."""
    if request.status not in ("offline", "all") or desk.past is None:
        return {}, None
    if order == "status":
        records, until = await _absent(desk, desk.past, request, after)
    else:
        wanted = filtering.Filter(request.group, request.search, request.via)
        records, last = await desk.past.in_order(order, after, request.limit, wanted)
        until = None if last is None else key_of(order, last)
    unknown = [r for r in records if desk.presence.registry.find(r.client_id) is None]
    return {key_of(order, record): record for record in unknown}, until


async def _absent(
    desk: Desk, past: Past, request: List, after: Key | None
) -> tuple[list[ClientRecord], Key | None]:
    """Those who are offline: they are of one status, and so in the order of their ids."""
    passed = after[1] if after is not None and after[0] == OFFLINE else None
    question = replace(request, status="offline", after=passed)
    page = await desk.asking.ask(past, question, ClientList)
    return page.clients, None if page.after is None else (OFFLINE, page.after)


def _now(desk: Desk, client_id: str) -> ClientRecord | None:
    """A client as it is by now."""
    return desk.presence.registry.record(client_id)


def _encoded(key: Key) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def _decoded(cursor: str, order: Order) -> Key:
    try:
        document = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        if order == "name":
            return msgspec.json.decode(document, type=tuple[str, str])
        return msgspec.json.decode(document, type=tuple[_Place, str])
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise Problem("bad_request", "after: expected the cursor of a page before") from None
