"""The life of a link: a client comes in, gives signs of life, and goes."""

from typing import Annotated

from msgspec import Meta

from lastseen.shared.messages.base import Answer, Message, Request
from lastseen.shared.messages.fields import (
    Availability,
    ClientId,
    Groups,
    Hostname,
    MetaData,
    Moment,
    Name,
    Note,
    Seconds,
)

PROTOCOL = 1
"""The version of the protocol that these messages are; `register.protocol` names the client's."""


class Register(Request, frozen=True):
    """I am this client. Answered by `registered`, or by `error`.

    Attributes:
        instance: A random id that the client process made once: it tells a reconnecting process
            from a second one that bears the same client_id.
        protocol: The version of the protocol that the client speaks.
        page: A web page speaks: only its own messages are signs of life. Its browser answers pings
            of the WebSocket even when the page hangs.
    """

    client_id: ClientId
    name: Name = ""
    hostname: Hostname = ""
    groups: Groups = ()
    meta: MetaData = {}
    instance: Annotated[str, Meta(max_length=64)] = ""
    token: Annotated[str, Meta(max_length=512)] = ""
    protocol: int = PROTOCOL
    page: bool = False


class Registered(Answer, frozen=True):
    """You are present. Ping every `heartbeat_interval` seconds from now on.

    Attributes:
        session: The name of this session, new each time.
        server_time: The server's wall clock (UTC), for display only.
        epoch: The server's run.
        revision: Where the server's diffs stand.
    """

    client_id: ClientId
    session: str
    heartbeat_interval: Seconds
    connection_timeout: Seconds
    server_time: Moment
    epoch: str
    revision: int


class Ping(Message, frozen=True):
    """A sign of life. Answered by `pong`, in order."""


class Pong(Message, frozen=True):
    """The answer to a ping."""


class SetAvailability(Request, frozen=True):
    """What the client says of itself. Answered by nothing but an error."""

    availability: Availability
    note: Note = ""


class Leave(Message, frozen=True):
    """Goodbye, on purpose: offline at once, with reason `left`. The server closes the link."""


class Goodbye(Message, frozen=True):
    """The server is about to close this link.

    `reconnect` says whether coming back can help; `retry_after`, in seconds, when.

    Attributes:
        message: A sentence for people: the cause, and what to do. Empty where the reason says it.
    """

    reason: str
    reconnect: bool
    retry_after: Seconds | None = None
    message: str = ""
