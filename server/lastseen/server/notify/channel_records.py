"""A channel and its lane, as clients are told of them."""

from datetime import UTC, datetime

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.lane import Lane
from lastseen.shared.messages import ChannelRecord


def channel_record(channel: Channel, lane: Lane | None) -> ChannelRecord:
    """What this run knows of a channel, whether a lane sends by it or not."""
    kind = type(channel).__name__.lower()
    if lane is None:
        return ChannelRecord(channel.name, kind, channel.enabled, "working")
    return ChannelRecord(
        channel.name,
        kind,
        channel.enabled,
        lane.state,
        lane.error,
        _moment(lane.since),
        sent=lane.sent,
        last_sent=_moment(lane.last_sent),
    )


def _moment(unix: float | None) -> datetime | None:
    return None if unix is None else datetime.fromtimestamp(unix, UTC)
