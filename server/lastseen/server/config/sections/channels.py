"""[[notify.webhook]], [[notify.telegram]], …: a channel each, and what all of them have.

Programs hear of each thing at once. People are spared: what is over within half a minute, what can
be said together, and what goes up and down.
"""

from typing import Annotated, Literal

from msgspec import Meta, field

from lastseen.server.config.secret import IS_SECRET, hide
from lastseen.server.config.sections.section import DAY, HOUR, Section
from lastseen.shared.messages import Reason, Via

ChannelName = Annotated[
    str,
    Meta(
        description="What it is called in the log and in commands. No two channels share a name.",
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

MOST_ATTEMPTS = 1000
"""Of sending one message: with pauses that grow, weeks."""

Url = Annotated[str, Meta(max_length=4000)]
"""Characters: longer than any that a service hands out."""
Place = Annotated[str, Meta(min_length=1, max_length=1000)]
"""The path of a file, or the name of a variable."""


def _from_file(name: str) -> Meta:
    return Meta(
        description=f"In place of {name}: a file that has it, relative to this file's folder."
    )


def _from_variable(name: str) -> Meta:
    return Meta(description=f"In place of {name}: an environment variable that has it.")


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
            description="Only of clients that were last heard from by one of these: tcp, "
            "websocket, http, lan. Empty: by any."
        ),
    ] = ()
    reasons: Annotated[
        tuple[Reason, ...],
        Meta(
            description="Only of clients that went for one of these reasons: left, closed, "
            "timeout, silent, replaced, kicked. Empty: for any. Whoever was told that a client "
            "went is told that it is back."
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
    timeout: Annotated[
        float,
        Meta(
            description="How long one attempt may take. Nobody else waits for it.",
            ge=0.1,
            le=HOUR,
        ),
    ] = 10


class ForPeople(Channel, frozen=True, kw_only=True):
    """A channel whose messages somebody reads."""

    delay: Delay = 30
    group_wait: GroupWait = 10
    group_interval: GroupInterval = 60
    flap_threshold: FlapThreshold = 6


class Webhook(Channel, frozen=True, kw_only=True):
    """A program that is sent each thing as JSON, by HTTP POST, signed by Standard Webhooks."""

    url: Annotated[Url, Meta(description="Where to: http:// or https://.", extra=IS_SECRET)] = ""
    url_file: Annotated[Place | None, _from_file("url")] = None
    url_env: Annotated[Place | None, _from_variable("url")] = None
    secret: Annotated[
        str | tuple[str, ...],
        Meta(
            description="What the messages are signed with: whsec_ and the base64 of 24 to 64 "
            "bytes. Several in a list while one takes over from another. Empty: not signed.",
            extra=IS_SECRET,
        ),
    ] = ()
    secret_file: Annotated[Place | None, _from_file("secret")] = None
    secret_env: Annotated[Place | None, _from_variable("secret")] = None
    headers: Annotated[
        dict[str, str],
        Meta(
            description="Headers to send besides, such as Authorization.",
            max_length=32,
            extra=IS_SECRET,
        ),
    ] = field(default_factory=dict)

    def __post_init__(self) -> None:
        hide(self, "url", "secret", "headers")

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that the messages are signed with."""
        return (self.secret,) if isinstance(self.secret, str) else self.secret


class Telegram(ForPeople, frozen=True, kw_only=True):
    """A chat that a bot of Telegram writes into."""

    chat_id: Annotated[
        int | str,
        Meta(description="Where to: the number of a chat, or @ and the name of a public one."),
    ]
    token: Annotated[
        str, Meta(description="The bot's token, as @BotFather gave it.", extra=IS_SECRET)
    ] = ""
    token_file: Annotated[Place | None, _from_file("token")] = None
    token_env: Annotated[Place | None, _from_variable("token")] = None
    api_base: Annotated[
        Url, Meta(description="The Bot API server: another one if you run your own.")
    ] = "https://api.telegram.org"

    def __post_init__(self) -> None:
        hide(self, "token")


class Apprise(ForPeople, frozen=True, kw_only=True):
    """Mail, Slack, Discord, ntfy and all else that Apprise can reach."""

    url: Annotated[
        Url,
        Meta(
            description="Where to, as Apprise writes it: mailto://…, slack://…, ntfy://….",
            extra=IS_SECRET,
        ),
    ] = ""
    url_file: Annotated[Place | None, _from_file("url")] = None
    url_env: Annotated[Place | None, _from_variable("url")] = None

    def __post_init__(self) -> None:
        hide(self, "url")


class Command(Channel, frozen=True, kw_only=True):
    """A program that is run for each thing, with JSON on its standard input."""

    argv: Annotated[
        tuple[str, ...],
        Meta(
            description="The program and its arguments, each by itself: no shell reads them. The "
            "program is named by its path from / on, or is looked for in PATH.",
            min_length=1,
            max_length=100,
        ),
    ]
