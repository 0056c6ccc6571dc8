"""A channel and its lane, as clients are told of them."""

from collections.abc import Callable
from datetime import UTC, datetime

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.lane import Lane
from lastseen.server.notify.tally import NEVER, Tally
from lastseen.shared.messages import ChannelRecord

STILL_OFF = "off still: what waited when it was turned off is given up first"
"""Why one that the settings have on again is not."""


def channel_record(
    channel: Channel,
    lane: Lane | None,
    tally: Tally,
    as_wall: Callable[[float], float],
    *,
    is_given_up: bool = False,
) -> ChannelRecord:
    """Describe a channel as this run knows it, whether a lane sends by it or not.

    Args:
        channel: Its settings.
        lane: What sends by it; None while it is off.
        tally: What it sent in this run.
        as_wall: Turns a moment of the schedule into what the wall clock shows.
        is_given_up: Whether its pending deliveries are being withdrawn.
    """

    def moment(scheduled: float | None) -> datetime | None:
        return None if scheduled is None else datetime.fromtimestamp(as_wall(scheduled), UTC)

    kind = type(channel).__name__.lower()
    last_sent = None if tally.last_sent == NEVER else moment(tally.last_sent)
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
        moment(lane.since),
        sent=tally.sent,
        last_sent=last_sent,
        rests_until=moment(lane.rests_until),
    )
