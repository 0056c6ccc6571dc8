"""Being present from a Python program: `connect` and `observe` for trio, `blocking` for others."""

from lastseen.client.errors import ConnectFailed, Ended, LastseenError, LinkLost, Refused
from lastseen.client.events import Connected, Disconnected, Event, IntervalChanged, Unreachable
from lastseen.client.presence import Observer, Presence, connect, observe
from lastseen.client.view import Change, View

__all__ = [
    "Change",
    "ConnectFailed",
    "Connected",
    "Disconnected",
    "Ended",
    "Event",
    "IntervalChanged",
    "LastseenError",
    "LinkLost",
    "Observer",
    "Presence",
    "Refused",
    "Unreachable",
    "View",
    "connect",
    "observe",
]
