"""Presence's words to the store's and back: records, sessions and transitions."""

from datetime import UTC, datetime

from msgspec.structs import replace

from lastseen.server.presence.model import Client, Transition
from lastseen.server.store.model import ClientUptime as StoredUptime
from lastseen.server.store.model import Event, KnownClient, LastSeen
from lastseen.shared.address import format_address
from lastseen.shared.messages import (
    ClientRecord,
    ClientUptime,
    EventRecord,
    Reason,
    Status,
    UptimeWindow,
)


def known_client(record: ClientRecord, heard_awake: float = 0.0) -> KnownClient:
    """A client as it is now, to be remembered; `heard_awake` is as of `KnownClient`."""
    ip, port = _split(record.address)
    last_seen = record.last_seen.timestamp()
    return KnownClient(
        client_id=record.client_id,
        name=record.name,
        hostname=record.hostname,
        ip=ip,
        port=port,
        via=record.via,
        user_name="",
        nickname="",
        avatar="",
        groups=record.groups,
        meta=record.meta,
        availability=record.availability,
        note=record.note,
        last_seen=last_seen,
        first_seen=last_seen,
        updated_at=last_seen,
        timeout=record.timeout,
        every=record.every,
        heard_awake=heard_awake,
    )


def last_seen_of(client: Client, heard_awake: float = 0.0) -> LastSeen:
    """A client's last sign of life; `heard_awake` is as of `KnownClient`."""
    ip, port = _split(client.address)
    return LastSeen(client.client_id, client.last_seen, client.via, ip, port, heard_awake)


def event_of(transition: Transition, record: ClientRecord, epoch: str, number: int) -> Event:
    """A transition as history keeps it; `number` is its place in this run of the server."""
    return Event(
        client_id=transition.client_id,
        before=transition.before,
        after=transition.after,
        reason=transition.reason,
        at=transition.wall,
        last_seen=record.last_seen.timestamp(),
        deadline=transition.deadline,
        epoch=epoch,
        address=transition.address,
        number=number,
    )


def remembered(known: KnownClient, status: Status, reason: Reason = "closed") -> ClientRecord:
    """A client as the store remembers it."""
    last_seen = _moment(known.last_seen)
    return ClientRecord(
        client_id=known.client_id,
        status=status,
        reason=reason,
        since=last_seen,
        last_seen=last_seen,
        name=known.name,
        hostname=known.hostname,
        groups=known.groups,
        meta=known.meta,
        availability=known.availability,
        note=known.note,
        via=known.via,
        address=format_address(known.ip, known.port) if known.ip else "",
        timeout=known.timeout,
        every=known.every,
    )


def offline(known: KnownClient, last: Event | None) -> ClientRecord:
    """A client that is not present; `last` is its last event, if that is still remembered."""
    if last is None or last.after != "offline":
        return remembered(known, "offline")
    return replace(remembered(known, "offline", last.reason), since=_moment(last.at))


def event_record(event: Event) -> EventRecord:
    """An event as clients are told of it."""
    return EventRecord(
        before=event.before,
        after=event.after,
        reason=event.reason,
        at=_moment(event.at),
        last_seen=_moment(event.last_seen),
        epoch=event.epoch,
        deadline=None if event.deadline is None else _moment(event.deadline),
        address=event.address,
    )


def client_uptime(uptime: StoredUptime) -> ClientUptime:
    """An uptime as clients are told of it."""
    return ClientUptime(
        uptime.client_id,
        [
            UptimeWindow(w.window_seconds, w.watched_seconds, w.online_seconds)
            for w in uptime.windows
        ],
    )


def _split(address: str) -> tuple[str, int]:
    """The host and port of an address that `format_address` made; of none, nothing."""
    host, _, port = address.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port or 0)


def _moment(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC)
