"""The things that presence is about: moments, clients, their sessions, and what becomes of them."""

from enum import Enum, auto
from operator import attrgetter
from typing import Literal, Protocol

from msgspec import Struct

from lastseen.shared.messages import (
    Availability,
    ClientRecord,
    Goodbye,
    Message,
    Reason,
    Register,
    Status,
    Via,
)


class Moment(Struct, frozen=True, gc=False):
    """One reading of both clocks, shared by all that happens in one turn of the pump.

    Attributes:
        awake: Awake time in seconds (`clock`): what deadlines are compared with.
        wall: Unix time in seconds: stored and shown, never compared to decide a timeout.
    """

    awake: float
    wall: float


class Policy(Struct, frozen=True):
    """The settings by which presence judges. Durations in seconds."""

    heartbeat_interval: float = 60.0
    connection_timeout: float = 120.0
    reconnect_grace: float = 5.0
    max_clients: int = 10_000
    duplicate: Literal["replace", "reject", "share"] = "replace"
    max_sessions_per_client: int = 100
    mass_loss_ratio: float = 0.5
    mass_loss_min: int = 10
    mass_loss_hold: float = 60.0

    @property
    def late_after(self) -> float:
        """How long a client may be silent before it is late: half an interval more than it may
        take.
        """
        return min(1.5 * self.heartbeat_interval, self.connection_timeout)


class Link(Protocol):
    """The way back to a client, as presence needs it."""

    def send(self, message: Message) -> None:
        """Queue a message for the client."""

    def dismiss(self, goodbye: Goodbye) -> None:
        """Say goodbye and close. The session it served has ended already."""

    def has_unread(self) -> bool:
        """Whether bytes of the client lie unread in our own buffers."""

    def crashed(self) -> None:
        """Serving it raised: end it."""


class Recorder(Protocol):
    """Who remembers what presence decides, beyond this process."""

    def transition(self, transition: "Transition", record: ClientRecord) -> None:
        """A client's status changed; `record` is how it is now."""

    def change(self, record: ClientRecord) -> None:
        """Something else about a client changed."""

    def stalled(self, now: Moment) -> None:
        """The server was not awake to watch, until now."""

    def mass_loss(self, silent: int, present: int, hold: float, now: Moment) -> None:
        """Most of those present fell silent: those due are held back for `hold` seconds."""

    def forgotten(self, client_id: str) -> None:
        """A client that was offline is forgotten."""


class State(Enum):
    """What the detector thinks of a session."""

    FRESH = auto()  # heard from in time
    SILENT = auto()  # not heard from in time, link standing
    BROKEN = auto()  # link broke without a goodbye; reconnect_grace is running
    DOUBTED = auto()  # the same, while the fault may be ours: a longer grace
    HELD = auto()  # past its deadline with most of the others: held back for a while
    OVER = auto()  # ended; a late word about it changes nothing

    __hash__ = object.__hash__  # an Enum's own hashes its name, in Python


# Compared at every ping: an Enum's attribute costs ten times a global.
FRESH, SILENT, BROKEN, DOUBTED, HELD, OVER = State


class Session(Struct, eq=False, gc=False):
    """One live link of a client, or one that broke and may come back; or none, see below.

    Neither this nor `Client` is known to the garbage collector, which would walk all of them at
    every full collection: the registry unties the two when a session ends.

    Attributes:
        instance: None in one of the run before: any that comes may be the same, and takes over.
        link: None once it broke.
        last_ping: Its last sign of life.
        began: The awake time at which the wait for its next sign, or its end, began (`waiting`).
        before, after: Its neighbours in that queue.
        via: How its signs of life come.
        address: Where the last of them came from, `host:port`; of a link, its other end.
    """

    client: "Client"
    instance: str | None
    link: Link | None
    last_ping: Moment
    state: State = OVER
    began: float = 0.0
    before: "Session | None" = None
    after: "Session | None" = None
    via: Via = "tcp"
    address: str = ""


class LinklessSession(Session, eq=False, gc=False, kw_only=True):
    """One of a client that sends heartbeats without holding a link; `link` is always None.

    A client has at most one such session for each `via`.

    Attributes:
        timeout: Seconds of silence after which the session expires.
        every: Seconds of silence after which the client is late; None: it is never late, but online
            until the timeout ends.
        extra: Seconds that both are longer because the server was away since the last heartbeat:
            0, or one `reconnect_grace`.
    """

    timeout: float
    every: float | None = None
    extra: float = 0.0

    @property
    def late_after(self) -> float:
        """Seconds of silence after which the client is not online any more, without `extra`."""
        return self.timeout if self.every is None else self.every


class Client(Struct, eq=False, gc=False):
    """A client that is present, with all its sessions. Its status is computed from theirs.

    Attributes:
        since: When its present status began, in Unix time.
        meta: Packed: it is only ever shown, and as a dict would be a third of what a client costs.
        via, address: Those of the session that is shown (`description.show_session`).
        timeout, every: The same, in seconds; None where that session holds a link.
        is_described_by_link: Whether a link was the last to describe the client.
        last_word: The last sign of life of its sessions that have ended; None before the first.
        contested_at: Unix time of the last takeover that made its id a contested one.
    """

    client_id: str
    since: float
    name: str = ""
    hostname: str = ""
    groups: tuple[str, ...] = ()
    meta: bytes | None = None
    availability: Availability = "available"
    note: str = ""
    via: Via = "tcp"
    address: str = ""
    timeout: float | None = None
    every: float | None = None
    is_described_by_link: bool = False
    reason: Reason = "registered"
    sessions: tuple[Session, ...] = ()
    last_word: Moment | None = None
    contested_at: float | None = None

    @property
    def last_seen(self) -> float:
        """Its last sign of life by any session, in Unix time."""
        words = [s.last_ping for s in self.sessions]
        if self.last_word is not None:
            words.append(self.last_word)
        return max(words, key=attrgetter("awake")).wall

    @property
    def status(self) -> Status:
        """Online while one session is fresh, late while any is left, offline without."""
        for session in self.sessions:
            if session.state is FRESH:
                return "online"
        return "late" if self.sessions else "offline"

    @property
    def live_sessions(self) -> int:
        """Sessions whose link stands."""
        return len([s for s in self.sessions if s.link is not None])


class Registration(Struct, frozen=True):
    """A register message with what the link knows about its sender.

    Attributes:
        may_share: Whether the server has room for a session beside others of the same client.
    """

    message: Register
    via: Via
    address: str
    may_share: bool = True


class Change(Struct, frozen=True):
    """A session's change of state: with a transition if the client's status changed, too."""

    client_id: str
    transition: "Transition | None"


class Transition(Struct, frozen=True):
    """One change of a client's status.

    `replaced` is the one reason that may leave the status as it was: another instance took over.

    Attributes:
        wall: When, in Unix time.
        silence: Seconds of awake time since its last sign of life.
        deadline: Unix time until which the client was waited for, where it missed a deadline.
    """

    client_id: str
    before: Status
    after: Status
    reason: Reason
    wall: float
    silence: float
    address: str
    deadline: float | None = None
