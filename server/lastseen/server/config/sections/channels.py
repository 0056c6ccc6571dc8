"""What every channel has. Programs hear of each thing at once; people are spared what is soon over,
and are told together what can be.
"""

from typing import Annotated, Literal

from msgspec import Meta

from lastseen.server.config.sections.section import DAY, FASTEST, HOUR, Section
from lastseen.shared.messages import Reason, Via

ChannelName = Annotated[
    str,
    Meta(
        description="What the log and commands call it. No two share a name.",
        min_length=1,
        max_length=64,
    ),
]
Glob = Annotated[str, Meta(min_length=1, max_length=128)]
"""As long as a client_id may be."""
Globs = tuple[Glob, ...]
GroupName = Annotated[str, Meta(min_length=1, max_length=64)]

Delay = Annotated[
    float,
    Meta(
        description="How long a client must be offline before it is told. One that is back "
        "sooner makes no noise at all.",
        ge=0,
        le=DAY,
    ),
]
GroupWait = Annotated[
    float,
    Meta(
        description="How long the first thing to tell waits for others, to be told with them in "
        "one message. With 0, and group_interval 0, each thing is a message of its own.",
        ge=0,
        le=HOUR,
    ),
]
GroupInterval = Annotated[
    float,
    Meta(
        description="The least time between two messages; what happens meanwhile is told together.",
        ge=0,
        le=DAY,
    ),
]
FlapThreshold = Annotated[
    int,
    Meta(
        description="A client that comes and goes so often within flap_window is told of once, as "
        "flapping, and no more until it is steady. 0: never.",
        ge=0,
        le=1000,
    ),
]
FlapWindow = Annotated[
    float,
    Meta(
        description="In how much time flap_threshold is counted, and how long a client must keep "
        "still to be steady.",
        ge=1,
        le=DAY,
    ),
]

OFFLINE_REASONS: tuple[Reason, ...] = ("left", "closed", "timeout", "replaced", "kicked")
"""The reasons for which a client goes offline."""
LATE_REASON: Reason = "silent"
"""Why a client is late. Channels are not told of that, but older settings may name it."""

MOST_ATTEMPTS = 1000
"""Of sending one message: with pauses that grow, weeks."""


class Channel(Section, frozen=True, kw_only=True):
    """What all channels have."""

    name: ChannelName
    enabled: Annotated[bool, Meta(description="Whether anything is told by it.")] = True
    events: Annotated[
        tuple[Literal["offline", "online"], ...],
        Meta(
            description="What it is told of: clients that go, that are back, or both.", min_length=1
        ),
    ] = ("offline", "online")
    clients: Annotated[
        Globs,
        Meta(
            description="Only of clients whose client_id is like one of these (*, ?, […]). Empty: "
            "of any."
        ),
    ] = ()
    groups: Annotated[
        tuple[GroupName, ...],
        Meta(description="Only of members of one of these groups. Empty: of any or none."),
    ] = ()
    via: Annotated[
        tuple[Via, ...],
        Meta(
            description="Only of clients whose last sign of life came by one of these: tcp, "
            "websocket, http, lan. Web pages come by websocket. Empty: by any."
        ),
    ] = ()
    reasons: Annotated[
        tuple[Reason, ...],
        Meta(
            description="Only of clients that went offline for one of these reasons: left, "
            "closed, timeout, replaced, kicked. Empty: for any. The return of a client is "
            "reported if its outage was."
        ),
    ] = ()
    delay: Delay = 0
    group_wait: GroupWait = 0
    group_interval: GroupInterval = 0
    flap_threshold: FlapThreshold = 0
    flap_window: FlapWindow = 600
    repeat_interval: Annotated[
        float,
        Meta(
            description="How often it is reminded of a client that is still offline. 0: never.",
            ge=0,
            le=366 * DAY,
        ),
    ] = 0
    max_attempts: Annotated[
        int,
        Meta(
            description="How often a message is tried before it is failed. The pauses between "
            "grow.",
            ge=1,
            le=MOST_ATTEMPTS,
        ),
    ] = 16
    retry_interval: Annotated[
        float,
        Meta(
            description="How long until a message that was not taken is tried again; doubled after "
            "each further attempt, up to an hour.",
            ge=FASTEST,
            le=HOUR,
        ),
    ] = 5
    timeout: Annotated[
        float,
        Meta(
            description="How long one attempt may take. Nobody else waits for it.",
            ge=0.1,
            le=HOUR,
        ),
    ] = 10


class ForPeople(Channel, frozen=True, kw_only=True):
    """A channel whose messages people read."""

    timezone: Annotated[
        str,
        Meta(
            description="The time zone of the times in its messages, like Europe/Berlin. Empty: "
            "that of notify.timezone."
        ),
    ] = ""

    delay: Delay = 30
    group_wait: GroupWait = 10
    group_interval: GroupInterval = 60
    flap_threshold: FlapThreshold = 6
