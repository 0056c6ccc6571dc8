"""What happens to a link, as sentences for people and as JSON. Pure."""

from datetime import datetime
from typing import Any

from lastseen.client.commands.output import safe, seconds
from lastseen.client.events import (
    Connected,
    Disconnected,
    Event,
    IntervalChanged,
    IntervalLowered,
    Unreachable,
)


def sentence(event: Event, server: str) -> str:
    """One line, without the time."""
    match event:
        case Connected(registered=None):
            return f"connected to {server}"
        case Connected(registered=registered) if registered is not None:
            interval = seconds(registered.heartbeat_interval)
            who = safe(registered.client_id)
            return f"connected to {server} as {who}, a heartbeat every {interval}"
        case Disconnected(reason, retry_in):
            return f"lost {server}: {safe(reason)}{_outlook(retry_in)}"
        case Unreachable(reason, retry_in):
            return f"cannot reach {server}: {safe(reason)}{_outlook(retry_in)}"
        case IntervalChanged(heartbeat_interval):
            return f"the heartbeat interval is now {seconds(heartbeat_interval)}"
        case IntervalLowered(heartbeat_interval, cut_after):
            return (
                f"a proxy or router cuts connections to {server} after {seconds(cut_after)} of"
                f" silence: pinging every {seconds(heartbeat_interval)} from now on"
            )
    raise TypeError(f"expected an event of a link, got {event!r}")


def _outlook(retry_in: float | None) -> str:
    return "; giving up" if retry_in is None else f"; retrying in {seconds(retry_in)}"


def to_dict(event: Event, server: str, now: datetime) -> dict[str, Any]:
    """The event with its `type` and `time`, as docs/commands.md states it. Durations in seconds."""
    told: dict[str, Any]
    match event:
        case Connected(registered=None):
            told = {"type": "connected", "server": server}
        case Connected(registered=registered) if registered is not None:
            told = {
                "type": "connected",
                "server": server,
                "client_id": registered.client_id,
                "session": registered.session,
                "heartbeat_interval": registered.heartbeat_interval,
            }
        case Disconnected(reason, retry_in):
            told = {"type": "disconnected", "reason": reason, "retry_in": retry_in}
        case Unreachable(reason, retry_in):
            told = {"type": "unreachable", "reason": reason, "retry_in": retry_in}
        case IntervalChanged(heartbeat_interval):
            told = {"type": "interval_changed", "heartbeat_interval": heartbeat_interval}
        case IntervalLowered(heartbeat_interval, cut_after):
            told = {
                "type": "interval_lowered",
                "heartbeat_interval": heartbeat_interval,
                "cut_after": cut_after,
            }
        case _:
            raise TypeError(f"expected an event of a link, got {event!r}")
    return {"type": told.pop("type"), "time": now, **told}
