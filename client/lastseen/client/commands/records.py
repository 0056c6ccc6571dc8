"""A client's record as a row of a table, as JSON, and where it stands in a sorted list. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from lastseen.client.commands.columns import Cell, Column
from lastseen.client.commands.output import ago, safe
from lastseen.shared.messages import ClientRecord

SortKey = Literal["id", "name", "since", "last-seen", "status"]

COLUMNS = (
    Column("client", narrowest=16),
    Column("name", narrowest=8, rank=4),
    Column("status"),
    Column("why", rank=3),
    Column("since", rank=2),
    Column("last seen", rank=1),
    Column("from", narrowest=15, rank=6),
    Column("via", rank=8),
    Column("groups", narrowest=8, rank=7),
    Column("availability", narrowest=12, rank=5),
    Column("warning", narrowest=12),
)

CONTESTED_FOR = timedelta(minutes=10)
"""How long a takeover is worth a warning: as long as the server counts it."""

_STATUS = {
    "online": Cell("● online", "green"),
    "late": Cell("◐ late", "yellow"),
    "offline": Cell("○ offline", "dim"),
}
_ORDER = {"online": 0, "late": 1, "offline": 2}


def row(record: ClientRecord, now: datetime) -> list[Cell]:
    """The cells of one client, one for each of `COLUMNS`."""
    return [
        Cell(safe(record.client_id), "dim" if record.status == "offline" else "bold"),
        Cell(safe(record.name)),
        _STATUS[record.status],
        Cell("" if record.status == "online" else safe(record.reason), "dim"),
        Cell(ago(record.since, now)),
        Cell(ago(record.last_seen, now)),
        Cell(_origin(record)),
        Cell(record.via),
        Cell(safe(", ".join(record.groups))),
        Cell(availability(record)),
        Cell(warning(record, now), "yellow"),
    ]


def _origin(record: ClientRecord) -> str:
    """Where it comes from: the address, and the hostname where that says more than the id does."""
    if not record.hostname or record.hostname == record.client_id:
        return safe(record.address)
    hostname = safe(record.hostname)
    return f"{safe(record.address)} ({hostname})" if record.address else hostname


def availability(record: ClientRecord) -> str:
    """What the client says of itself: `away: at lunch`; nothing where it is simply available."""
    if record.availability == "available":
        return safe(record.note)
    return f"{record.availability}: {safe(record.note)}" if record.note else record.availability


def warning(record: ClientRecord, now: datetime) -> str:
    """Return what is wrong with a client's id; nothing if all is well."""
    at = record.contested_at
    if at is None or now - at > CONTESTED_FOR:
        return ""
    return "⚠ several processes share this id"


def to_dict(record: ClientRecord) -> dict[str, Any]:
    """Every field, also those with their default value: programs need not know the defaults."""
    return {name: getattr(record, name) for name in record.__struct_fields__}


def sort_key(by: SortKey) -> Callable[[ClientRecord], Any]:
    """The key to sort records by; times most recent first, equals by client_id."""
    first: dict[SortKey, Callable[[ClientRecord], Any]] = {
        "id": lambda record: record.client_id,
        "name": lambda record: record.name.casefold(),
        "since": lambda record: -record.since.timestamp(),
        "last-seen": lambda record: -record.last_seen.timestamp(),
        "status": lambda record: _ORDER[record.status],
    }
    key = first[by]
    return lambda record: (key(record), record.client_id)


def count(records: Iterable[ClientRecord]) -> dict[str, int]:
    """How many have each status, in the order online, late, offline."""
    counts = dict.fromkeys(_ORDER, 0)
    for record in records:
        counts[record.status] += 1
    return counts


def summary(counts: Mapping[str, int], shown: Sequence[str] = ("online", "late")) -> str:
    """`12 online, 1 late`; the statuses in `shown` also where nobody has them."""
    return ", ".join(f"{n} {status}" for status, n in counts.items() if n or status in shown)
