"""A channel and its lane, as clients are told of them."""

from datetime import UTC, datetime

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.lane import Lane
from lastseen.server.notify.tally import NEVER, Tally
from lastseen.shared.messages import ChannelRecord

STILL_OFF = "off still: what waited when it was turned off is given up first"
"""Why one that the settings have on again is not."""


def channel_record(
    channel: Channel, lane: Lane | None, tally: Tally, *, is_given_up: bool = False
) -> ChannelRecord:
    """Describe a channel as this run knows it, whether a lane sends by it or not. `is_given_up`:
    the pending deliveries of the channel are being withdrawn.
    """
    kind = type(channel).__name__.lower()
    last_sent = None if tally.last_sent == NEVER else _moment(tally.last_sent)
    if lane is None:
        why = STILL_OFF if channel.enabled and is_given_up else ""
        is_on = channel.enabled and not is_given_up
        return ChannelRecord(
            channel.name, kind, is_on, "working", why, sent=tally.sent, last_sent=last_sent
        )
    return ChannelRecord(
        channel.name,
        kind,
        channel.enabled,
        lane.state,
        lane.error,
        _moment(lane.since),
        sent=tally.sent,
        last_sent=last_sent,
        rests_until=_moment(lane.rests_until),
    )


def _moment(unix: float | None) -> datetime | None:
    return None if unix is None else datetime.fromtimestamp(unix, UTC)
