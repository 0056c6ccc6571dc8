"""What is known of a client besides its sessions: taken from what it says, shown as a record."""

from datetime import UTC, datetime

import msgspec

from lastseen.server.presence.model import Client, Registration
from lastseen.shared.messages import ClientRecord, MetaData
from lastseen.shared.wire import pack

_meta = msgspec.msgpack.Decoder(MetaData)


def describe(client: Client, registration: Registration, groups: tuple[str, ...]) -> None:
    """Take over what a client says of itself; `groups` are its own, or an equal copy."""
    message = registration.message
    client.name, client.hostname, client.groups = message.name, message.hostname, groups
    client.meta = pack(message.meta) if message.meta else None
    client.via, client.address = registration.via, registration.address
    client.timeout = None


def describe_as_remembered(client: Client, record: ClientRecord) -> None:
    """Take over what was known of a client in an earlier run."""
    client.name, client.hostname, client.groups = record.name, record.hostname, record.groups
    client.meta = pack(record.meta) if record.meta else None
    client.via, client.address, client.timeout = record.via, record.address, record.timeout
    client.availability, client.note = record.availability, record.note


def record_of(client: Client) -> ClientRecord:
    """A client as watchers and lists see it."""
    return ClientRecord(
        client_id=client.client_id,
        status=client.status,
        reason=client.reason,
        since=datetime.fromtimestamp(client.since, UTC),
        last_seen=datetime.fromtimestamp(client.last_seen, UTC),
        name=client.name,
        hostname=client.hostname,
        groups=client.groups,
        meta=_meta.decode(client.meta) if client.meta else {},
        availability=client.availability,
        note=client.note,
        via=client.via,
        address=client.address,
        sessions=client.live_sessions,
        timeout=client.timeout,
        contested_at=(
            None
            if client.contested_at is None
            else datetime.fromtimestamp(client.contested_at, UTC)
        ),
    )
