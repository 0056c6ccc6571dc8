"""What happens to a link while a program is busy with other things; told to `on_event`."""

from msgspec import Struct

from lastseen.shared.messages import Registered


class Connected(Struct, frozen=True):
    """A link stands; `registered` is the server's answer, None for an observer."""

    server: str
    registered: Registered | None


class Disconnected(Struct, frozen=True):
    """A link that stood is gone. `retry_in` seconds until the next attempt; None: there is none."""

    reason: str
    retry_in: float | None


class Unreachable(Struct, frozen=True):
    """An attempt has failed. `retry_in` seconds until the next one; None: there is none."""

    reason: str
    retry_in: float | None


class IntervalChanged(Struct, frozen=True):
    """The server has set another heartbeat interval, in seconds. It is being followed."""

    heartbeat_interval: float


class IntervalLowered(Struct, frozen=True):
    """Something between the client and the server cuts idle connections: it pings more often now.

    Attributes:
        heartbeat_interval: Seconds between pings from now on, less than the server asks for.
        cut_after: Seconds of silence after which the last connections ended.
    """

    heartbeat_interval: float
    cut_after: float


Event = Connected | Disconnected | Unreachable | IntervalChanged | IntervalLowered
