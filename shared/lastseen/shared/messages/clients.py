"""Who is there: lists, a page at a time, and diffs for those who watch."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from lastseen.shared.messages.base import Answer, Request
from lastseen.shared.messages.fields import (
    Availability,
    ClientId,
    Moment,
    PageLimit,
    Reason,
    Status,
    Via,
)


class ClientRecord(Struct, frozen=True, omit_defaults=True, gc=False):
    """One client as watchers and lists see it.

    Attributes:
        since: When its present status began (UTC).
        last_seen: Its last sign of life (UTC).
        reason: Why it has its present status.
        via: How the signs of life come of the session that keeps the client online; of a client
            that is not online, how the last ones came.
        address: Where they come from, `host:port`.
        sessions: How many live sessions it has: 0 while late with a broken link, more than 1
            where the server lets several devices share one client_id.
        timeout: After how many seconds without a heartbeat the client is offline, where heartbeats
            keep it online; None: it holds a link, and the server's connection_timeout counts.
        every: After how many seconds without a heartbeat it is late; None: not before `timeout`.
        contested_at: When another process took over its id for the last time, if that happened
            three times within ten minutes (UTC). The processes then share an id by mistake.
    """

    client_id: str
    status: Status
    reason: Reason
    since: Moment
    last_seen: Moment
    name: str = ""
    hostname: str = ""
    groups: tuple[str, ...] = ()
    meta: dict[str, bool | int | float | str | None] = {}
    availability: Availability = "available"
    note: str = ""
    via: Via = "tcp"
    address: str = ""
    sessions: int = 0
    timeout: float | None = None
    every: float | None = None
    contested_at: Moment | None = None


class List(Request, frozen=True):
    """One page of the clients, in the order of their ids. Answered by `client_list`.

    Attributes:
        status: Only this status; None means everyone present (online or late), `all` everyone
            known.
        group: Only members of this group.
        search: Only where client_id, name, hostname or address contains this, whatever the case.
        via: Only those whose last sign of life came that way.
        limit: At most so many; the server may send fewer.
        after: The `after` of the page before.
    """

    status: Literal["online", "late", "offline", "all"] | None = None
    group: str | None = None
    search: Annotated[str, Meta(max_length=128)] | None = None
    via: Via | None = None
    limit: PageLimit = 500
    after: ClientId | None = None


class ClientList(Answer, frozen=True):
    """A page of clients; `after` is the cursor of the next page, None on the last one."""

    clients: list[ClientRecord]
    epoch: str
    revision: int
    after: str | None = None


class Watch(Request, frozen=True):
    """Send diffs from now on. With an epoch and a revision: from there, if they are still known."""

    epoch: str | None = None
    revision: Annotated[int, Meta(ge=0)] | None = None


class Diff(Answer, frozen=True):
    """What changed between `revision` - 1 and `revision`.

    Joins and updates carry the record as it is now, leaves the last one, with status `offline`
    and the reason. A diff that carries a `request_id` answers a `watch` that resumes: it is empty
    and bears the revision asked for.
    """

    epoch: str
    revision: int
    joins: list[ClientRecord] = []
    leaves: list[ClientRecord] = []
    updates: list[ClientRecord] = []
