"""Every setting: its type, bounds, default and reason. config.toml is written from here.

Durations are seconds. Each number has a lower and an upper bound: what lies beyond is a slip of
the hand, and is better refused at the start than met at night.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

HOUR, DAY = 3600, 86400
CENTURY = 36_500
"""In days."""
FASTEST = 0.05
"""Shortest interval in seconds: one tick of merged diffs, and enough for any demonstration."""
MANY = 10_000_000
"""More clients than one server can hold: a count beyond is a slip."""

NEEDS_RESTART = {"restart": True}
"""Marks a setting that is read once, when the server opens its sockets and its log."""


class Section(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file. Unknown keys are errors, so that no misspelt one is overlooked."""


class Server(Section, frozen=True):
    """Who may connect, and when a client counts as gone."""

    host: Annotated[
        str,
        Meta(
            description="The address to listen on. The default is reachable from this machine "
            "only. There are no tokens yet, so any other address also needs allow_anonymous = "
            "true.",
            min_length=1,
            max_length=253,  # of a DNS name
            extra=NEEDS_RESTART,
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Meta(
            description="The TCP port to listen on. 0 takes any free port, which the log names.",
            ge=0,
            le=65535,
            extra=NEEDS_RESTART,
        ),
    ] = 8080
    heartbeat_interval: Annotated[
        float,
        Meta(
            description="How often each client must let itself be heard. Clients are told, and "
            "follow a change at once. A minute costs little and keeps most NAT routers from "
            "forgetting the link. Must lie within [limits].",
            ge=FASTEST,
            le=DAY,
        ),
    ] = 60
    connection_timeout: Annotated[
        float,
        Meta(
            description="A client silent for so long is given up on; it is noticed at the "
            "latest reap_interval afterwards. Must be more than heartbeat_interval, and should "
            "be at least twice it, or one lost ping is enough.",
            ge=FASTEST,
            le=7 * DAY,
        ),
    ] = 120
    reap_interval: Annotated[
        float,
        Meta(
            description="How often the server looks for clients past their deadline. A look "
            "costs next to nothing while there are none; a shorter interval only makes "
            "detection prompter.",
            ge=FASTEST,
            le=HOUR,
        ),
    ] = 10
    reconnect_grace: Annotated[
        float,
        Meta(
            description="When a link breaks without a goodbye, its client is late for so long "
            "before it is offline: one that comes straight back raises no alarm. 0 gives no "
            "grace.",
            ge=0,
            le=HOUR,
        ),
    ] = 5
    max_clients: Annotated[
        int,
        Meta(
            description="How many clients may be present at once; one more is refused "
            "(server_full) and told when to try again. Each needs a file descriptor and about "
            "1.5 KB of memory.",
            ge=1,
            le=MANY,
        ),
    ] = 10_000
    max_connections_per_address: Annotated[
        int,
        Meta(
            description="How many connections may come from one address. 0 is no limit, and is "
            "the default because many clients behind one NAT router share an address.",
            ge=0,
            le=MANY,
        ),
    ] = 0
    duplicate: Annotated[
        Literal["replace", "reject", "share"],
        Meta(
            description="What to do when a second machine or process registers a client_id "
            'that is in use. "replace" says goodbye to the older one, so that a client that '
            'moved is never locked out; "reject" refuses the newer one; "share" keeps both, '
            "and the client is online until the last one leaves.",
        ),
    ] = "replace"
    allow_anonymous: Annotated[
        bool,
        Meta(
            description="Listen on an address other than loopback although clients prove "
            "nothing about who they are: whoever can reach the port may then register as "
            "anyone, see everyone and change settings. Only for a network that you trust.",
            extra=NEEDS_RESTART,
        ),
    ] = False


class Detector(Section, frozen=True):
    """When very many clients fall silent at once, the server doubts its own link before them."""

    mass_loss_ratio: Annotated[
        float,
        Meta(
            description="It is a mass loss when clients are due to be given up on while more "
            "than this share of all present clients is late. With 1 it never is.",
            ge=0,
            le=1,
        ),
    ] = 0.5
    mass_loss_min: Annotated[
        int,
        Meta(
            description="And while at least so many are late: of three clients, two may well "
            "be switched off together.",
            ge=1,
            le=MANY,
        ),
    ] = 10
    mass_loss_hold: Annotated[
        float,
        Meta(
            description="How long those that are due are then held as late before they are "
            "given up on after all: time for our own link to come back. 0 holds nobody.",
            ge=0,
            le=HOUR,
        ),
    ] = 60


class Limits(Section, frozen=True):
    """The guard rails of heartbeat_interval, which can be changed over the wire while the server
    runs. Whoever wants it faster lowers them on purpose.
    """

    min_heartbeat_interval: Annotated[
        float,
        Meta(
            description="The shortest allowed. Each halving doubles what all clients send and "
            "the server answers.",
            ge=FASTEST,
            le=DAY,
        ),
    ] = 10
    max_heartbeat_interval: Annotated[
        float,
        Meta(
            description="The longest allowed. Beyond ten minutes routers forget idle links, "
            "and a client can be gone for long before anyone knows.",
            ge=FASTEST,
            le=DAY,
        ),
    ] = 600


class Store(Section, frozen=True):
    """What outlives the server: who was ever here, when last, and what happened when."""

    url: Annotated[
        str,
        Meta(
            description="The database: sqlite:///FILE, FILE relative to this file's folder; or "
            "postgresql+psycopg://USER:PASSWORD@HOST/NAME, which needs the extra `postgres`; or "
            '"none" for a server that remembers nothing.',
            min_length=1,
            max_length=1000,
            extra=NEEDS_RESTART,
        ),
    ] = "sqlite:///lastseen.db"
    flush_interval: Annotated[
        float,
        Meta(
            description="How often the last sign of life of each client is written. What "
            "changes a status is written at once.",
            ge=FASTEST,
            le=HOUR,
        ),
    ] = 10
    offline_retention: Annotated[
        float,
        Meta(
            description="For how many days a client that is offline is remembered.",
            ge=0.01,
            le=CENTURY,
        ),
    ] = 30
    event_retention: Annotated[
        float,
        Meta(
            description="For how many days history is remembered.",
            ge=0.01,
            le=CENTURY,
        ),
    ] = 90


class Log(Section, frozen=True):
    """The log goes to standard error, one line an event."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(
            description='The least important events that are logged. "info" has every coming '
            'and going of a client, "debug" every message.',
        ),
    ] = "info"
    format: Annotated[
        Literal["console", "json"],
        Meta(
            description='"console" is for people; "json" for programs: an object a line, times '
            "in UTC.",
            extra=NEEDS_RESTART,
        ),
    ] = "console"


class Config(Section, frozen=True):
    """All settings. Make a changed copy by `msgspec.structs.replace`, and `check` it."""

    server: Server = field(default_factory=Server)
    detector: Detector = field(default_factory=Detector)
    limits: Limits = field(default_factory=Limits)
    store: Store = field(default_factory=Store)
    log: Log = field(default_factory=Log)
