"""One page of a list: which clients, in the order of their ids, and where the next page begins."""

from lastseen.server.presence.journal import RECORDS_BYTES
from lastseen.server.presence.registry import Registry
from lastseen.shared.messages import ClientRecord, List
from lastseen.shared.wire import pack

LOOKED_AT = 5_000
"""Clients examined for one page at most: a search that finds nothing must not hold everyone up."""


def page(registry: Registry, request: List) -> tuple[list[ClientRecord], str | None]:
    """The records that a request asks for, and the cursor of the next page (None: this is the
    last).

    A page may hold fewer than were asked for, even none, and still have a successor.
    """
    matches = _Filter(request)
    found: list[ClientRecord] = []
    size, cursor = 0, request.after
    for looked_at, client_id in enumerate(registry.ids_after(request.after)):
        if looked_at == LOOKED_AT or len(found) == request.limit:
            return found, cursor
        record = registry.record(client_id)
        if record is not None and matches(record):
            size += len(pack(record))
            if size > RECORDS_BYTES:
                return found, cursor
            found.append(record)
        cursor = client_id
    return found, None


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
