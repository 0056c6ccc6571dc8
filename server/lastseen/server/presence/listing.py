"""One page of a list: which clients, in the order of their ids, and where the next page begins."""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby

from msgspec import Struct

from lastseen.server.presence.registry import Registry
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
    registry: Registry, request: List, stored: Stored = NOTHING_STORED
) -> tuple[list[ClientRecord], str | None]:
    """The records that a request asks for, and the cursor of the next page (None: this is the
    last).

    Where the registry and the store know a client, the registry is right. A page may hold fewer
    than were asked for, even none, and still have a successor.
    """
    matches = _Filter(request)
    remembered = {record.client_id: record for record in stored.records}
    found: list[ClientRecord] = []
    size, cursor = 0, request.after
    for looked_at, client_id in enumerate(_merged(registry.ids_after(cursor), remembered)):
        if stored.until is not None and client_id > stored.until:
            return found, stored.until
        if looked_at == LOOKED_AT or len(found) == request.limit:
            return found, cursor
        record = registry.record(client_id) or remembered.get(client_id)
        if record is not None and matches(record):
            size += len(pack(record))
            if size > RECORDS_BYTES:
                return found, cursor
            found.append(record)
        cursor = client_id
    return found, stored.until


def _merged(one: Iterable[str], other: Iterable[str]) -> Iterator[str]:
    """The ids of two ordered runs in order, each once."""
    return (client_id for client_id, _ in groupby(merge(one, other)))


class _Filter:
    def __init__(self, request: List) -> None:
        self._status = request.status
        self._group = request.group
        self._search = request.search.casefold() if request.search else None

    def __call__(self, record: ClientRecord) -> bool:
        return (
            self._has_status(record)
            and (self._group is None or self._group in record.groups)
            and (self._search is None or self._is_found_in(record, self._search))
        )

    def _has_status(self, record: ClientRecord) -> bool:
        if self._status is None:
            return record.status != "offline"
        return self._status in ("all", record.status)

    @staticmethod
    def _is_found_in(record: ClientRecord, search: str) -> bool:
        texts = (record.client_id, record.name, record.hostname, record.address)
        return any(search in text.casefold() for text in texts)
