"""What the store keeps of notifications, as clients are told of it. Pure."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal

from lastseen.server.config.sections.notify import Maintenance
from lastseen.server.store.telling import Delivery, Silence
from lastseen.shared.messages import ChannelRecord, DeliveryRecord, SilenceRecord

LONGEST_ERROR = 500
"""Characters: what a receiver said may be a page, and a frame holds 64 KiB."""

AsWall = Callable[[float], float]
"""Turns a moment of the schedule into what the wall clock shows."""

PATTERNS = 50
"""Globs, and groups, that are shown of one window at most: all at their longest fit a frame."""


def silence_record(silence: Silence, as_wall: AsWall) -> SilenceRecord:
    """A silence that somebody ordered."""
    return SilenceRecord(
        until=_moment(as_wall(silence.until)),
        since=_moment(as_wall(silence.since)),
        id=silence.id,
        clients=() if silence.client is None else (silence.client,),
        groups=() if silence.group is None else (silence.group,),
        reason=silence.reason,
    )


def window_record(window: Maintenance, closes_at: float) -> SilenceRecord:
    """A planned maintenance that goes on until `closes_at` (Unix time)."""
    return SilenceRecord(
        until=_moment(closes_at),
        clients=window.clients[:PATTERNS],
        groups=window.groups[:PATTERNS],
        reason=window.name,
    )


def delivery_record(
    delivery: Delivery, channels: Mapping[str, ChannelRecord], as_wall: AsWall
) -> DeliveryRecord:
    """One delivery, where these are the channels there are, by name."""
    settled, channel = delivery.settled_at, channels.get(delivery.channel)
    is_pending = delivery.state == "pending"
    due_at = _moment(as_wall(delivery.due_at))
    return DeliveryRecord(
        id=delivery.id,
        key=delivery.key,
        channel=delivery.channel,
        kind=delivery.kind,
        state=delivery.state,
        created_at=_moment(as_wall(delivery.created_at)),
        due_at=_due_at(due_at, channel) if is_pending else due_at,
        client_id=delivery.client_id,
        attempts=delivery.attempts,
        message=delivery.message,
        error=brief(delivery.error),
        settled_at=None if settled is None else _moment(as_wall(settled)),
        held=_held(channel) if is_pending else "",
    )


def brief(error: str) -> str:
    """An error that a frame has room for."""
    return error if len(error) <= LONGEST_ERROR else error[: LONGEST_ERROR - 1] + "…"


def _due_at(due_at: datetime, channel: ChannelRecord | None) -> datetime:
    if channel is None or channel.rests_until is None:
        return due_at
    return max(due_at, channel.rests_until)


def _held(channel: ChannelRecord | None) -> Literal["", "broken", "off"]:
    if channel is None or not channel.enabled:
        return "off"
    return "broken" if channel.state == "broken" else ""


def _moment(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC)
