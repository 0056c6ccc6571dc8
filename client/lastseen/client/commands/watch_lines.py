"""Changes as plain lines and as objects: what `lastseen watch` says to a pipe. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from lastseen.client.commands import records
from lastseen.client.commands.output import ago, clock, safe
from lastseen.client.view import Change
from lastseen.shared.messages import ClientRecord


def lines(change: Change, before: Mapping[str, ClientRecord], now: datetime) -> Iterator[str]:
    """One line for each client that changed; `before` is what was known of them."""
    for record in (*change.joins, *change.updates):
        yield f"{clock(now)} {_told(record, before.get(record.client_id), now)}"
    for record in change.leaves:
        yield f"{clock(now)} {_departure(record, now)}"


def _told(record: ClientRecord, before: ClientRecord | None, now: datetime) -> str:
    told = f"{safe(record.client_id)} {record.status}"
    if before is None or (before.status, before.since) != (record.status, record.since):
        told += f" ({record.reason})"
    if said := records.availability(record):
        told += f", {said}"
    elif before is not None and records.availability(before):
        told += f", {record.availability}"
    if wrong := records.warning(record, now):
        told += f", {wrong}"
    return told + _last_seen(record, now)


def _departure(record: ClientRecord, now: datetime) -> str:
    """A record that says online is of a client missing from a new snapshot: nobody saw why."""
    why = f" ({record.reason})" if record.status == "offline" else ""
    return f"{safe(record.client_id)} offline{why}, last seen {ago(record.last_seen, now)}"


def _last_seen(record: ClientRecord, now: datetime) -> str:
    return "" if record.status == "online" else f", last seen {ago(record.last_seen, now)}"


def objects(change: Change, now: datetime) -> Iterator[dict[str, Any]]:
    """The same as objects: `type` is join, update or leave, `client` the whole record."""
    for kind, changed in (
        ("join", change.joins),
        ("update", change.updates),
        ("leave", change.leaves),
    ):
        for record in changed:
            yield {"type": kind, "time": now, "client": records.to_dict(record)}
