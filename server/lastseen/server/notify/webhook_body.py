"""A message as JSON, for programs: the body of a webhook, and what a command reads. Pure.

docs/notifications.md says what each field means.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from lastseen.server.notify.notice import ClientNotice, Item, MassLoss, Message
from lastseen.server.store.telling import Kind
from lastseen.shared.messages import ClientRecord

TYPES: dict[Kind, str] = {
    "offline": "client.offline",
    "online": "client.online",
    "flapping": "client.flapping",
    "reminder": "client.reminder",
    "mass_loss": "server.mass_loss",
}
DIGEST = "clients.digest"

Json = dict[str, Any]


def body(message: Message) -> bytes:
    """The JSON text; of one message always the same, so that repeats are the same too."""
    return msgspec.json.encode(_digest(message) if message.digest else _event(message.items[0]))


def type_of(message: Message) -> str:
    """What the body says that it is, like `client.offline`."""
    return DIGEST if message.digest else TYPES[message.items[0].kind]


def _digest(message: Message) -> Json:
    events = [{"id": item.key, **_event(item)} for item in message.items]
    return {
        "type": DIGEST,
        "timestamp": events[-1]["timestamp"],
        "data": {"count": len(events), "events": events},
    }


def _event(item: Item) -> Json:
    return {
        "type": TYPES[item.kind],
        "timestamp": _time(item.notice.at),
        "data": _about(item.notice, item.event_id),
    }


def _about(notice: ClientNotice | MassLoss, event_id: int | None) -> Json:
    if isinstance(notice, MassLoss):
        return {"silent": notice.silent, "present": notice.present, "hold": notice.hold}
    about = {
        "client": _client(notice.client),
        "reason": notice.client.reason,
        "offline_since": _time(notice.offline_since),
        "duration": notice.gone,
        "event_id": event_id,
    }
    return about | ({"changes": notice.changes, "window": notice.window} if notice.changes else {})


def _client(client: ClientRecord) -> Json:
    description = client.meta.get("description")
    return {
        "id": client.client_id,
        "client_id": client.client_id,
        "name": client.name,
        "hostname": client.hostname,
        "description": description if isinstance(description, str) else "",
        "groups": client.groups,
        "status": client.status,
        "last_seen": client.last_seen.astimezone(UTC),
        "via": client.via,
    }


def _time(unix: float | None) -> datetime | None:
    """RFC 3339 in UTC, as msgspec writes what this gives."""
    return None if unix is None else datetime.fromtimestamp(unix, UTC)
