"""[server]: who may connect, and when a client counts as gone."""

from typing import Annotated, Literal

from msgspec import Meta

from lastseen.server.config.sections.door import Hosts
from lastseen.server.config.sections.section import (
    DAY,
    FASTEST,
    HOUR,
    MANY,
    NEEDS_RESTART,
    STEERABLE,
    Section,
)


class Server(Section, frozen=True):
    """Who may connect, and when a client counts as gone."""

    host: Annotated[
        Hosts,
        Meta(
            description="The address to listen on, or a list of several. The default is "
            'reachable from this machine only. "0.0.0.0" stands for every IPv4 address of this '
            'machine, "::" for every IPv6 and every IPv4 address. There are no tokens yet, so '
            "any but a loopback address also needs allow_anonymous = true.",
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
            extra=STEERABLE,
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
            extra=STEERABLE,
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
    max_connections: Annotated[
        int,
        Meta(
            description="How many connections may be open at once: of clients, of those that "
            "only watch or ask, and of HTTP. One more is refused (too_many_connections). Room for "
            "max_clients and for HTTP is kept, so that clients can return and health checks are "
            "answered however many watch. 0: max_clients and 5,000 more. The limit of open files "
            "is a bound, too.",
            ge=0,
            le=MANY,
        ),
    ] = 0
    max_watchers: Annotated[
        int,
        Meta(
            description="How many connections may watch at once, event streams included; one "
            "more is refused (too_many_watchers). Each change is sent to all of them.",
            ge=1,
            le=MANY,
        ),
    ] = 10_000
    max_sessions_per_client: Annotated[
        int,
        Meta(
            description="How many connections may be present as one client where duplicate is "
            '"share", as the tabs of one person; one more is refused (too_many_sessions).',
            ge=1,
            le=MANY,
        ),
    ] = 100
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
