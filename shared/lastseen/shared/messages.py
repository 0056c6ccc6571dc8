"""What can be said on the wire: each message a frozen Struct, its `type` its name in snake_case.

Unknown keys are ignored and defaults are left out, so that versions can differ. Over TCP the
messages travel as MessagePack in frames (`framing`), over WebSocket as JSON text. The meaning of
each is in docs/protocol.md.
"""

import re
import sys
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

PROTOCOL = 1
"""The version of the protocol that these messages are; `register.protocol` names the client's."""

LARGEST_REQUEST_ID = 2**53
"""What JavaScript can count to without loss."""

LONGEST = 1e9
"""Seconds; some 30 years. No clock or calendar overflows by it, and NaN and infinity pass it."""

LARGEST_FLOAT = sys.float_info.max

Status = Literal["online", "late", "offline"]
Availability = Literal["available", "away", "busy"]
Via = Literal["tcp", "websocket", "http", "lan"]
Reason = Literal[
    "registered", "returned", "left", "closed", "timeout", "replaced", "kicked", "silent"
]

# The bounds together keep a record within the 64 KiB frame of one page, whatever its script. A
# register that used most of them at once would pass the 4 KiB frame of an unregistered peer.
ClientId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
Name = Annotated[str, Meta(max_length=128)]
Hostname = Annotated[str, Meta(max_length=255)]
Group = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
Groups = Annotated[tuple[Group, ...], Meta(max_length=16)]
MetaKey = Annotated[str, Meta(min_length=1, max_length=64)]
MetaText = Annotated[str, Meta(max_length=256)]
# What every store and both wire formats can hold: 64 bits signed, and neither NaN nor infinity.
MetaInt = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
MetaFloat = Annotated[float, Meta(ge=-LARGEST_FLOAT, le=LARGEST_FLOAT)]
MetaValue = bool | MetaInt | MetaFloat | MetaText | None
MetaData = Annotated[dict[MetaKey, MetaValue], Meta(max_length=16)]
Note = Annotated[str, Meta(max_length=256)]
RequestId = Annotated[int, Meta(ge=0, le=LARGEST_REQUEST_ID)]
PageLimit = Annotated[int, Meta(ge=1, le=1000)]
Moment = Annotated[datetime, Meta(tz=True)]  # one without a zone could not be compared with ours
Seconds = Annotated[float, Meta(ge=0, le=LONGEST)]
Place = Annotated[int, Meta(ge=0, le=2**63 - 1)]  # what a store counts its rows with
ChannelName = Annotated[str, Meta(min_length=1, max_length=64)]
Glob = ClientId  # a client_id in which `*`, `?` and `[…]` may stand for others
SilenceSeconds = Annotated[float, Meta(ge=60, le=365 * 86_400)]
WishedSeconds = Annotated[float, Meta(ge=-LONGEST, le=LONGEST)]  # a number; the settings say more

ChannelState = Literal["working", "failing", "broken"]
DeliveryKind = Literal["offline", "online", "flapping", "reminder", "mass_loss"]
DeliveryState = Literal["pending", "sent", "failed", "withdrawn"]


def snake_case(name: str) -> str:
    """`ClientList` -> `client_list`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


class ClientRecord(Struct, frozen=True, omit_defaults=True, gc=False):
    """One client as watchers and lists see it.

    Attributes:
        since: When its present status began (UTC).
        last_seen: Its last sign of life (UTC).
        reason: Why it has its present status.
        via: How the last sign of life came.
        address: Where it came from, `host:port`.
        sessions: How many live sessions it has: 0 while late with a broken link, more than 1
            where the server lets several devices share one client_id.
        timeout: After how many seconds of silence it is given up on, where it has no link and so a
            timeout of its own; None: the server's connection_timeout.
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


class Message(Struct, frozen=True, tag_field="type", tag=snake_case, omit_defaults=True, gc=False):
    """What every message shares."""


class Request(Message, frozen=True, kw_only=True):
    """A message that is answered; the answer repeats its `request_id`."""

    request_id: RequestId | None = None


class Answer(Message, frozen=True, kw_only=True):
    """A message that may be an answer; `request_id` is that of the request, where it had one."""

    request_id: RequestId | None = None


# --- to the server ---------------------------------------------------------------------------


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


class Ping(Message, frozen=True):
    """A sign of life. Answered by `pong`, in order."""


class SetAvailability(Request, frozen=True):
    """What the client says of itself. Answered by nothing but an error."""

    availability: Availability
    note: Note = ""


class Leave(Message, frozen=True):
    """Goodbye, on purpose: offline at once, with reason `left`. The server closes the link."""


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
    after: str | None = None


class Watch(Request, frozen=True):
    """Send diffs from now on. With an epoch and a revision: from there, if they are still known."""

    epoch: str | None = None
    revision: Annotated[int, Meta(ge=0)] | None = None


class GetSettings(Request, frozen=True):
    """Answered by `settings`."""


class UpdateSettings(Request, frozen=True):
    """Change what may be changed while running. Answered by `settings`, or by `error`: then nothing
    changed.

    Attributes:
        heartbeat_interval: In seconds, as `connection_timeout`.
        values: Those and others by their dotted keys, like `websocket.ping_interval`; None takes a
            change back.
        reset: Take all changes back, before the others are made.
    """

    heartbeat_interval: WishedSeconds | None = None
    connection_timeout: WishedSeconds | None = None
    values: MetaData = {}
    reset: bool = False


class GetStats(Request, frozen=True):
    """Answered by `stats`."""


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


class GetUptime(Request, frozen=True):
    """How much of its time a client was online; without a client_id, everyone, in the order of
    their ids. Answered by a page of `uptime`.
    """

    client_id: ClientId | None = None
    limit: PageLimit = 100
    after: str | None = None


class Forget(Request, frozen=True):
    """Forget a client that is offline, and its history. Answered by `forgotten`, or by `error`."""

    client_id: ClientId


class Silence(Request, frozen=True):
    """Tell nobody of some clients for a while. Answered by `silenced`, or by `error`: one that
    names neither a client nor a group is refused.

    Attributes:
        seconds: For how long, from now on: a minute to a year.
        client: A client_id or a glob; with `group`, only those that fit both.
        group: Only members of this group.
        reason: Why, for those who wonder.
    """

    seconds: SilenceSeconds
    client: Glob | None = None
    group: Group | None = None
    reason: Annotated[str, Meta(max_length=256)] = ""


class GetSilences(Request, frozen=True):
    """What is silenced now, planned maintenance too. Answered by a page of `silences`.

    Attributes:
        after: The `after` of the page before.
    """

    after: Place | None = None


class Unsilence(Request, frozen=True):
    """End a silence now. Answered by `unsilenced`, or by `error`."""

    id: Place


class GetDeliveries(Request, frozen=True):
    """What was told to whom, or is to be, the latest first. Answered by a page of `deliveries`.

    Attributes:
        before: The `before` of the page before.
    """

    channel: ChannelName | None = None
    client_id: ClientId | None = None
    state: DeliveryState | None = None
    limit: PageLimit = 500
    before: Place | None = None


class Retry(Request, frozen=True):
    """Try a failed delivery again, now. Answered by `retried`, or by `error`."""

    id: Place


class GetChannels(Request, frozen=True):
    """Who is told. Answered by a page of `channels`, in the order of their names.

    Attributes:
        after: The `after` of the page before.
    """

    after: ChannelName | None = None


class EnableChannel(Request, frozen=True):
    """Use a broken channel again, as it is mended. Answered by `channel_enabled`, or by `error`."""

    name: ChannelName


ToServer = (
    Register
    | Ping
    | SetAvailability
    | Leave
    | List
    | Watch
    | GetSettings
    | UpdateSettings
    | GetStats
    | GetHistory
    | GetUptime
    | Forget
    | Silence
    | GetSilences
    | Unsilence
    | GetDeliveries
    | Retry
    | GetChannels
    | EnableChannel
)

Question = List | GetHistory | GetUptime | Forget
"""Requests that may need what was remembered: they are answered when the store has answered."""

NotifyQuestion = (
    Silence | GetSilences | Unsilence | GetDeliveries | Retry | GetChannels | EnableChannel
)
"""Requests about who is told of what; the store answers them, too."""


# --- to the client ---------------------------------------------------------------------------


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


class Pong(Message, frozen=True):
    """The answer to a ping."""


class ClientList(Answer, frozen=True):
    """A page of clients; `after` is the cursor of the next page, None on the last one."""

    clients: list[ClientRecord]
    epoch: str
    revision: int
    after: str | None = None


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


class Settings(Answer, frozen=True):
    """The settings that concern clients, in seconds; also sent unasked when one changes."""

    heartbeat_interval: Seconds
    connection_timeout: Seconds
    reap_interval: Seconds
    reconnect_grace: Seconds
    min_heartbeat_interval: Seconds
    max_heartbeat_interval: Seconds


class LanStats(Struct, frozen=True, omit_defaults=True, gc=False):
    """How the server fares as a member of the LAN, since its start.

    Attributes:
        members: Addresses of members that are known now.
        heartbeats: Announcements that left on at least one network; `last_heartbeat` is when (UTC).
        sent: Datagrams that left.
        failed: Times that the system would not send.
        received: Datagrams that came.
        repeats: Of these, those that had come before.
        unreadable: Those that were no packet.
        dropped: Those beyond what one address may send.
        refused: Signs of life refused because as many members, or clients, are known as may be.
    """

    members: int = 0
    heartbeats: int = 0
    last_heartbeat: Moment | None = None
    sent: int = 0
    failed: int = 0
    received: int = 0
    repeats: int = 0
    unreadable: int = 0
    dropped: int = 0
    refused: int = 0


class Stats(Answer, frozen=True):
    """How the server is. Times in seconds, counts since its start.

    Attributes:
        online: Clients heard from in time.
        late: Clients not heard from in time and not yet given up.
        remembered: Clients that went offline in this run and can still be listed.
        connections: Open links, observers included.
        pings: Signs of life by links.
        transitions: How many of each reason.
        stalls: How often the server itself was late, and `stalled` for how long in all.
        reaper_lateness: How late the last reaper pass was.
        held: Clients that the detector holds back because most fell silent at once.
        slow_closes: Sessions closed because they did not read.
        refused: Connections and registrations refused by a limit.
        memory: Resident memory in bytes.
        beats: Signs of life without a link: HTTP heartbeats, and members of the LAN.
        store: `none` where nothing is remembered, `unavailable` while writes fail.
        store_queued: Transitions that are not in the store yet.
        store_dropped: Transitions given up because too many were queued.
        store_failures: Writes that failed and were tried again.
        lan: None where the server is no member of the LAN.
        last_heard: The last sign of life of anybody who is not forgotten (UTC).
        last_pass: When the reaper last looked for clients past their deadline (UTC).
        forgotten: Clients that were forgotten because they had been offline for long.
        page: The address of the page; empty where HTTP is not served.
    """

    version: str
    started_at: Moment
    uptime: float
    epoch: str
    revision: int
    online: int
    late: int
    remembered: int
    connections: int
    watchers: int
    pings: int
    transitions: dict[str, int]
    reaper_passes: int
    reaper_duration: float
    reaper_lateness: float
    stalls: int
    stalled: float
    held: int
    slow_closes: int
    refused: int
    memory: int
    beats: int = 0
    store: Literal["none", "working", "unavailable"] = "none"
    store_queued: int = 0
    store_dropped: int = 0
    store_failures: int = 0
    lan: LanStats | None = None
    last_heard: Moment | None = None
    last_pass: Moment | None = None
    forgotten: int = 0
    page: str = ""


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


class Forgotten(Answer, frozen=True):
    """The client is forgotten."""

    client_id: ClientId


class SilenceRecord(Struct, frozen=True, omit_defaults=True, gc=False):
    """A time in which nothing is told of some clients: somebody's silence, or planned maintenance.

    Attributes:
        until: When it ends (UTC).
        since: When it began (UTC); None for planned maintenance.
        id: What `unsilence` calls it; None for planned maintenance, which only the server's
            settings change.
        clients: client_ids or globs, one of which a client fits; none: any client does.
        groups: A client is in one of them; none: in any or none.
        reason: Somebody's words, or the name of the planned maintenance.
    """

    until: Moment
    since: Moment | None = None
    id: Place | None = None
    clients: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    reason: str = ""


class Silenced(Answer, frozen=True):
    """Nothing is told of these clients from now on."""

    silence: SilenceRecord


class Silences(Answer, frozen=True):
    """A page of what is silenced now; `after` is the cursor of the next page, None on the last."""

    silences: list[SilenceRecord]
    after: int | None = None


class Unsilenced(Answer, frozen=True):
    """The silence is over."""

    id: int


class DeliveryRecord(Struct, frozen=True, omit_defaults=True, gc=False):
    """One notification by one channel.

    Attributes:
        id: What `retry` calls it.
        key: What its receiver tells a repeat by.
        client_id: Whom it is about; "" where it is about the server.
        created_at: When it was decided (UTC).
        due_at: When it is to be sent, or tried again; of one that is settled, when it was.
        state: `failed` when it was tried too often; `withdrawn` where the client was back before
            it was due.
        attempts: How often it was tried.
        message: The message that told it together with others; "" where it went alone.
        error: Why the last attempt failed.
        settled_at: When it stopped being pending (UTC).
    """

    id: int
    key: str
    channel: str
    kind: DeliveryKind
    state: DeliveryState
    created_at: Moment
    due_at: Moment
    client_id: str = ""
    attempts: int = 0
    message: str = ""
    error: str = ""
    settled_at: Moment | None = None


class Deliveries(Answer, frozen=True):
    """A page of deliveries, the latest first; `before` is the cursor of the next page, None on the
    last one.
    """

    deliveries: list[DeliveryRecord]
    before: int | None = None


class Retried(Answer, frozen=True):
    """The delivery is tried again as soon as its turn comes."""

    delivery: DeliveryRecord


class ChannelRecord(Struct, frozen=True, omit_defaults=True, gc=False):
    """Who is told, and how that goes.

    Attributes:
        kind: `webhook`, `telegram`, `apprise` or `command`.
        enabled: Whether the server's settings let it be told anything.
        state: `failing`: its last attempt failed, and is made again; `broken`: it refused for good,
            and nothing is sent by it until it is mended and enabled.
        why: Its last error, unless it is working.
        since: When it stopped working (UTC).
        pending: Deliveries that wait to be sent.
        failed: Deliveries given up and still remembered.
        sent: Deliveries sent in this run of the server.
        last_sent: When the last of them was (UTC).
    """

    name: str
    kind: str
    enabled: bool
    state: ChannelState
    why: str = ""
    since: Moment | None = None
    pending: int = 0
    failed: int = 0
    sent: int = 0
    last_sent: Moment | None = None


class Channels(Answer, frozen=True):
    """A page of channels; `after` is the cursor of the next page, None on the last one."""

    channels: list[ChannelRecord]
    after: str | None = None


class ChannelEnabled(Answer, frozen=True):
    """The channel is used again."""

    name: str


class Error(Answer, frozen=True):
    """A refusal: a `code` for programs and a sentence for people.

    `retry_after`, in seconds, says when trying again may help.
    """

    code: str
    message: str
    retry_after: Seconds | None = None


class Goodbye(Message, frozen=True):
    """The server is about to close this link.

    `reconnect` says whether coming back can help; `retry_after`, in seconds, when.
    """

    reason: str
    reconnect: bool
    retry_after: Seconds | None = None


ToClient = (
    Registered
    | Pong
    | ClientList
    | Diff
    | Settings
    | Stats
    | History
    | Uptime
    | Forgotten
    | Silenced
    | Silences
    | Unsilenced
    | Deliveries
    | Retried
    | Channels
    | ChannelEnabled
    | Error
    | Goodbye
)
