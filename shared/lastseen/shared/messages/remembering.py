"""What is remembered of a client: its history and its uptime, until it is forgotten."""

from typing import Annotated

from msgspec import Meta, Struct

from lastseen.shared.messages.base import Answer, Request
from lastseen.shared.messages.fields import ClientId, Moment, PageLimit, Reason, Seconds, Status


class GetHistory(Request, frozen=True):
    """What happened to a client, the latest first. Answered by a page of `history`.

    Attributes:
        since: Only what happened at or after this moment.
        before: The `before` of the page before.
    """

    client_id: ClientId
    since: Moment | None = None
    limit: PageLimit = 500
    before: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None


class EventRecord(Struct, frozen=True, omit_defaults=True, gc=False):
    """One transition of a client, as history keeps it.

    Attributes:
        at: When it was decided (UTC).
        last_seen: The client's last sign of life before it (UTC).
        deadline: The moment until which the client was waited for, where it missed one (UTC).
        epoch: The run of the server that decided it.
    """

    before: Status
    after: Status
    reason: Reason
    at: Moment
    last_seen: Moment
    epoch: str
    deadline: Moment | None = None
    address: str = ""


class History(Answer, frozen=True):
    """A page of a client's events, the latest first; `before` is the cursor of the next page, None
    on the last one.
    """

    client_id: ClientId
    events: list[EventRecord]
    before: int | None = None


class GetUptime(Request, frozen=True):
    """How much of its time a client was online; without a client_id, everyone, in the order of
    their ids. Answered by a page of `uptime`.
    """

    client_id: ClientId | None = None
    limit: PageLimit = 100
    after: ClientId | None = None


class UptimeWindow(Struct, frozen=True, gc=False):
    """How much of a window of time a client was online, in seconds.

    Attributes:
        window: The length of the window, which ends now.
        watched: How much of it the server was awake to watch, from when it first saw the client.
        online: How much of `watched` the client was online.
    """

    window: Seconds
    watched: Seconds
    online: Seconds


class ClientUptime(Struct, frozen=True, gc=False):
    """One client's uptime, over a day, a week and a month (30 days)."""

    client_id: ClientId
    windows: list[UptimeWindow]


class Uptime(Answer, frozen=True):
    """A page of uptimes; `after` is the cursor of the next page, None on the last one."""

    clients: list[ClientUptime]
    after: str | None = None


class Forget(Request, frozen=True):
    """Forget a client that is offline, and its history. Answered by `forgotten`, or by `error`."""

    client_id: ClientId


class Forgotten(Answer, frozen=True):
    """The client is forgotten."""

    client_id: ClientId
