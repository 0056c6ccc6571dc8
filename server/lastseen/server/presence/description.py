"""What is known of a client: taken from what it says and from its sessions, shown as a record."""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from lastseen.server.presence.model import (
    FRESH,
    Client,
    LinklessSession,
    Registration,
    Session,
)
from lastseen.shared.messages import ClientRecord, MetaData
from lastseen.shared.wire import pack

_meta = msgspec.msgpack.Decoder(MetaData)


def describe(client: Client, registration: Registration, groups: tuple[str, ...]) -> None:
    """Take over what a client says of itself; `groups` are its own, or an equal copy."""
    message = registration.message
    client.name, client.hostname, client.groups = message.name, message.hostname, groups
    client.meta = pack(message.meta) if message.meta else None
    client.is_described_by_link = True


def describe_as_remembered(client: Client, record: ClientRecord) -> None:
    """Take over what was known of a client in an earlier run."""
    client.name, client.hostname, client.groups = record.name, record.hostname, record.groups
    client.meta = pack(record.meta) if record.meta else None
    client.is_described_by_link = record.timeout is None
    client.availability, client.note = record.availability, record.note


def precedence(session: Session) -> tuple[bool, bool]:
    """Which session keeps its client present: the greatest, of equal ones that which began last.

    A fresh one before all others, then one whose link stands.
    """
    return session.state is FRESH, session.link is not None


def show_session(client: Client) -> None:
    """Show where the client is by the session that keeps it present.

    A client without sessions is shown as its last one left it.
    """
    if not client.sessions:
        return
    latest_first: Iterator[Session] = reversed(client.sessions)
    session = max(latest_first, key=precedence)
    client.via, client.address = session.via, session.address
    if isinstance(session, LinklessSession):
        client.timeout, client.every = session.timeout, session.every
    else:
        client.timeout = client.every = None


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
        every=client.every,
        contested_at=(
            None
            if client.contested_at is None
            else datetime.fromtimestamp(client.contested_at, UTC)
        ),
    )
