"""Who is told of what: the silences, the deliveries and the channels of notifications."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from lastseen.shared.messages.base import Answer, Request
from lastseen.shared.messages.fields import ClientId, Group, Moment, PageLimit, Place

ChannelName = Annotated[str, Meta(min_length=1, max_length=64)]
Glob = ClientId  # a client_id in which `*`, `?` and `[…]` may stand for others
SilenceSeconds = Annotated[float, Meta(ge=60, le=365 * 86_400)]

ChannelState = Literal["working", "failing", "broken"]
DeliveryKind = Literal["offline", "online", "flapping", "reminder", "mass_loss"]
DeliveryState = Literal["pending", "sent", "failed", "withdrawn"]

# --- silences --------------------------------------------------------------------------------


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


class GetSilences(Request, frozen=True):
    """What is silenced now, planned maintenance too. Answered by a page of `silences`.

    Attributes:
        after: The `after` of the page before.
    """

    after: Place | None = None


class Silences(Answer, frozen=True):
    """A page of what is silenced now; `after` is the cursor of the next page, None on the last."""

    silences: list[SilenceRecord]
    after: int | None = None


class Unsilence(Request, frozen=True):
    """End a silence now. Answered by `unsilenced`, or by `error`."""

    id: Place


class Unsilenced(Answer, frozen=True):
    """The silence is over."""

    id: int


# --- deliveries ------------------------------------------------------------------------------


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


class DeliveryRecord(Struct, frozen=True, omit_defaults=True, gc=False):
    """One notification by one channel.

    Attributes:
        id: What `retry` calls it.
        key: What its receiver tells a repeat by.
        client_id: Whom it is about; "" where it is about the server.
        created_at: When it was decided (UTC).
        due_at: When it is to be sent, or tried again (not while its channel rests); of one that is
            settled, when it was.
        state: `failed` when it was tried too often; `withdrawn` where the client was back before
            it was due, or where it was given up with its channel.
        attempts: How often it was tried.
        message: The message that told it together with others; "" where it went alone.
        error: Why the last attempt failed, or why it was given up.
        settled_at: When it stopped being pending (UTC).
        held: Why nothing is sent by its channel, while it is pending: the channel is `broken`, or
            `off` in the settings; "" where it is sent when it is due.
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
    held: Literal["", "broken", "off"] = ""


class Deliveries(Answer, frozen=True):
    """A page of deliveries, the latest first; `before` is the cursor of the next page, None on the
    last one.
    """

    deliveries: list[DeliveryRecord]
    before: int | None = None


class Retry(Request, frozen=True):
    """Try a failed delivery again, now. Answered by `retried`, or by `error`."""

    id: Place


class Retried(Answer, frozen=True):
    """The delivery is tried again as soon as its turn comes."""

    delivery: DeliveryRecord


# --- channels --------------------------------------------------------------------------------


class GetChannels(Request, frozen=True):
    """Who is told. Answered by a page of `channels`, in the order of their names.

    Attributes:
        after: The `after` of the page before.
    """

    after: ChannelName | None = None


class ChannelRecord(Struct, frozen=True, omit_defaults=True, gc=False):
    """Who is told, and how that goes.

    Attributes:
        kind: `webhook`, `telegram`, `apprise` or `command`.
        enabled: Whether the server's settings let it be told anything. Where they do again, not
            before what waited when it was off is given up; then `why` says so.
        state: `failing`: its last attempt failed, and is made again; `broken`: it refused for good,
            and nothing is sent by it until it is mended and enabled.
        why: Its last error, unless it is working; or why it is not enabled yet.
        since: When it stopped working (UTC).
        pending: Deliveries that wait to be sent.
        failed: Deliveries given up and still remembered.
        sent: Deliveries sent in this run of the server.
        last_sent: When the last of them was (UTC).
        rests_until: Until when nothing is sent by it, after a failure (UTC); None where it does not
            rest.
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
    rests_until: Moment | None = None


class Channels(Answer, frozen=True):
    """A page of channels; `after` is the cursor of the next page, None on the last one."""

    channels: list[ChannelRecord]
    after: str | None = None


class EnableChannel(Request, frozen=True):
    """Use a broken channel again, as it is mended. Answered by `channel_enabled`, or by `error`."""

    name: ChannelName


class ChannelEnabled(Answer, frozen=True):
    """The channel is used again."""

    name: str
