"""Orders of clients other than that of their ids: what each goes by, and the first of many. Pure.

Every order ends with the id, so that no two clients are equal in it and a page can begin after any.
"""

from collections.abc import Iterable
from heapq import nsmallest
from typing import Literal

from lastseen.server.presence.model import Client
from lastseen.shared.messages import ClientRecord, Status

Order = Literal["name", "status", "last_seen"]

Key = tuple[str | float, str]
"""What a client goes by in an order, and its id."""

OFFLINE = 2.0
"""The rank of those who are offline, the last one."""

_RANKS: dict[Status, float] = {"online": 0.0, "late": 1.0, "offline": OFFLINE}

_SMALL = {ord(letter): ord(letter) + 32 for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def small(name: str) -> str:
    """A name with small letters for A to Z, as every database does it, too."""
    return name.translate(_SMALL)


def key_of(order: Order, client: Client | ClientRecord) -> Key:
    """What a client goes by: a name, the rank of its status, or how long ago it was seen."""
    match order:
        case "name":
            return small(client.name), client.client_id
        case "status":
            return _RANKS[client.status], client.client_id
        case "last_seen":
            seen = client.last_seen
            return -(seen if isinstance(seen, float) else seen.timestamp()), client.client_id


def first(keys: Iterable[Key], after: Key | None, count: int) -> list[Key]:
    """The first so many after a key."""
    return nsmallest(count, (key for key in keys if after is None or key > after))
