"""`/api/counts` and `/api/groups`: how many, in all and by group."""

from collections import Counter
from collections.abc import Mapping

from litestar import get
from litestar.di import NamedDependency
from msgspec import Struct

from lastseen.server.http.access import OBSERVER
from lastseen.server.http.desk import Desk, Groups
from lastseen.server.http.problems import REFUSALS
from lastseen.server.presence.registry import Registry
from lastseen.shared.messages import Via


class Present(Struct, frozen=True):
    """How many are present."""

    online: int
    late: int


class Counts(Struct, frozen=True):
    """How many there are; of those who are present, by how they were last heard from."""

    online: int
    late: int
    offline: int
    via: dict[Via, Present]


class GroupCount(Struct, frozen=True):
    """How many members a group has."""

    group: str
    online: int
    late: int
    offline: int


class GroupCounts(Struct, frozen=True):
    """Every group that has a member, in the order of their names."""

    groups: list[GroupCount]


@get("/api/counts", guards=[OBSERVER], responses=REFUSALS, tags=["clients"], summary="How many")
async def counts(desk: NamedDependency[Desk]) -> Counts:
    """How many clients are online, late and offline."""
    absent = await _offline(desk)
    desk.presence.publish()  # whoever is late by now is counted so
    census = desk.presence.registry.census
    via = {way: Present(tally["online"], tally["late"]) for way, tally in census.ways.items()}
    online, late = census.statuses["online"], census.statuses["late"]
    return Counts(online, late, sum(absent.values()), via)


@get(
    "/api/groups",
    guards=[OBSERVER],
    responses=REFUSALS,
    tags=["clients"],
    summary="Groups, and how many in each",
)
async def groups(desk: NamedDependency[Desk]) -> GroupCounts:
    """Every group with how many of its members are online, late and offline."""
    absent = _by_group(await _offline(desk))
    desk.presence.publish()
    present = desk.presence.registry.census.groups
    nobody = {"online": 0, "late": 0}
    return GroupCounts(
        [
            GroupCount(group, tally["online"], tally["late"], absent[group])
            for group in sorted({*present, *absent})
            for tally in [present.get(group, nobody)]
        ]
    )


async def _offline(desk: Desk) -> Mapping[Groups, int]:
    """How many are offline, by the groups that they are in."""
    if desk.past is not None:
        return await desk.past.offline()
    return _departed(desk.presence.registry)


def _departed(registry: Registry) -> Mapping[Groups, int]:
    records = (registry.find(client_id) for client_id in registry.ids_after(None))
    return Counter(r.groups for r in records if r is not None and r.status == "offline")


def _by_group(absent: Mapping[Groups, int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for members_of, count in absent.items():
        for group in set(members_of):
            found[group] += count
    return found
