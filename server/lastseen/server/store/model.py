"""What goes into the store and comes out of it. Times are Unix seconds (UTC), kept to the
microsecond.
"""

from typing import Generic, TypeVar

from msgspec import Struct

from lastseen.shared.messages import Availability, Reason, Status, Via

T = TypeVar("T")

MetaData = dict[str, bool | int | float | str | None]

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
"""The value of a setting."""


class KnownClient(Struct, frozen=True, gc=False):
    """A client that was ever here, as its last sign of life left it.

    Texts may hold any character but NUL and lone surrogates, which PostgreSQL cannot keep: they
    come back as U+FFFD.

    Attributes:
        first_seen: Its first sign of life. The store keeps that of the first write.
        updated_at: When anything but `last_seen` and where from was last written.
        timeout: Its own timeout in seconds, where it has one: that of a client without a link.
        every: After how many seconds such a client is late, where that is sooner.
        heard_awake: When its last heartbeat came, as the server's awake time of all runs (`Run`);
            0 for a client with a link.
    """

    client_id: str
    name: str
    hostname: str
    ip: str
    port: int
    via: Via
    user_name: str
    nickname: str
    avatar: str
    groups: tuple[str, ...]
    meta: MetaData
    availability: Availability
    note: str
    last_seen: float
    first_seen: float
    updated_at: float
    timeout: float | None = None
    every: float | None = None
    heard_awake: float = 0.0


class LastSeen(Struct, frozen=True, gc=False):
    """A client's last sign of life, how it came and where from.

    Attributes:
        heard_awake: As of `KnownClient`.
    """

    client_id: str
    last_seen: float
    via: Via
    ip: str
    port: int
    heard_awake: float = 0.0


class Event(Struct, frozen=True, gc=False):
    """A transition as stored for history.

    Attributes:
        at: When it was decided.
        last_seen: The client's last sign of life until then.
        deadline: The deadline that it missed, where it missed one.
        epoch: The run of the server that decided it.
        address: Where the client was, `host:port`.
        id: Its place in the history of everyone; the store gives it, 0 before.
        number: Its number in its epoch, from 1: the store keeps an event of one epoch and number
            once, so that a write whose answer was lost can be repeated. 0: it has none.
    """

    client_id: str
    before: Status
    after: Status
    reason: Reason
    at: float
    last_seen: float
    deadline: float | None
    epoch: str
    address: str
    id: int = 0
    number: int = 0


class Run(Struct, frozen=True, gc=False):
    """A stretch of time in which the server was awake to watch.

    Attributes:
        heartbeat_at: When it last said that it was.
        clean: Whether it ended on purpose, with everything written.
        awake: For how many seconds the server was awake until `heartbeat_at`, over all runs. It
            never goes back, whatever the wall clock does.
    """

    epoch: str
    started_at: float
    heartbeat_at: float
    clean: bool
    awake: float = 0.0


class Uptime(Struct, frozen=True, gc=False):
    """How much of a window that ends now a client was online, in seconds.

    Attributes:
        watched_seconds: The part in which the client was known and the server watched.
        online_seconds: The part of those in which the client was online.
    """

    window_seconds: float
    watched_seconds: float
    online_seconds: float

    @property
    def share(self) -> float | None:
        """From 0 to 1; None where nobody watched."""
        return self.online_seconds / self.watched_seconds if self.watched_seconds else None


class ClientUptime(Struct, frozen=True, gc=False):
    """A client's uptime over each window asked for, in their order."""

    client_id: str
    windows: tuple[Uptime, ...]


class Page(Struct, Generic[T], frozen=True):
    """Some of what was asked for, in the order of client_ids (by code points, as Python sorts).

    Attributes:
        after: What to give as `after` for the next page; None on the last. A page may be short,
            even empty, and still have a successor.
    """

    items: list[T]
    after: str | None


class Counts(Struct, frozen=True):
    """How many rows there are."""

    clients: int
    events: int
    runs: int
