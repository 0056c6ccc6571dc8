"""One page of a list: which clients, in the order of their ids, and where the next page begins."""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby

from msgspec import Struct

from lastseen.server.presence.description import record_of
from lastseen.server.presence.model import Client
from lastseen.server.presence.roll import Roll
from lastseen.shared.fitting import RECORDS_BYTES
from lastseen.shared.messages import ClientRecord, List
from lastseen.shared.wire import pack

LOOKED_AT = 5_000
"""Clients examined for one page at most: a search that finds nothing must not hold everyone up."""


class Stored(Struct, frozen=True):
    """What a store remembers of the clients between a request's cursor and `until` (None: the end).

    Their records, in the order of their ids: those who match, and perhaps others.
    """

    records: list[ClientRecord] = []
    until: str | None = None


NOTHING_STORED = Stored()
"""Without a store, or where it need not be asked."""


def page(
    roll: Roll, request: List, stored: Stored = NOTHING_STORED
) -> tuple[list[ClientRecord], str | None]:
    """The records that a request asks for, and the cursor of the next page (None: this is the
    last).

    Where the roll and the store know a client, the roll is right. A page may hold fewer
    than were asked for, even none, and still have a successor.
    """
    matches = Filter(request)
    remembered = {record.client_id: record for record in stored.records}
    found: list[ClientRecord] = []
    size, cursor = 0, request.after
    for looked_at, client_id in enumerate(_merged(roll.ids_after(cursor), remembered)):
        if stored.until is not None and client_id > stored.until:
            return found, stored.until
        if looked_at == LOOKED_AT or len(found) == request.limit:
            return found, cursor
        client = roll.find(client_id) or remembered.get(client_id)
        if client is not None and matches(client):
            record = record_of(client) if isinstance(client, Client) else client
            size += len(pack(record))
            if size > RECORDS_BYTES:
                return found, cursor
            found.append(record)
        cursor = client_id
    return found, stored.until


def _merged(one: Iterable[str], other: Iterable[str]) -> Iterator[str]:
    """The ids of two ordered runs in order, each once."""
    return (client_id for client_id, _ in groupby(merge(one, other)))


class Filter:
    """Whether a client, present or departed, is one that a request asks for."""

    def __init__(self, request: List) -> None:
        self._status = request.status
        self._group = request.group
        self._via = request.via
        self._search = request.search.casefold() if request.search else None

    def __call__(self, client: Client | ClientRecord) -> bool:
        """Whether it is."""
        return (
            self._has_status(client)
            and (self._group is None or self._group in client.groups)
            and self._via in (None, client.via)
            and (self._search is None or self._is_found_in(client, self._search))
        )

    def _has_status(self, client: Client | ClientRecord) -> bool:
        if self._status is None:
            return client.status != "offline"
        return self._status == "all" or client.status == self._status

    @staticmethod
    def _is_found_in(client: Client | ClientRecord, search: str) -> bool:
        texts = (client.client_id, client.name, client.hostname, client.address)
        return any(search in text.casefold() for text in texts)
