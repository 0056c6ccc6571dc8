"""Where one channel stands with one client, and what a change makes it say. Pure.

What *is* (offline or not) and what the channel was *said* are kept apart. A change updates what is;
unless something mutes it, the channel is then said what it does not know yet. So an outage is told
once however long it lasts, a return only after an outage that was told, and what happened while the
channel was muted is told at the end of it as far as it is still so.

`delay` counts from the outage. After a silence it counts from the end of the silence, so that a
client that comes back shortly after a maintenance raises no alarm. After flapping it counts from
the last change: the client has kept still for `flap_window` since.
"""

from msgspec import Struct
from msgspec.structs import replace

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.notice import ClientNotice, from_json, to_json
from lastseen.server.store.model import Json
from lastseen.server.store.telling import Delivery, Kind, Standing

REMINDED = 0.0
"""`held_until` of a standing whose `held` is a reminder. It is withdrawn by the next one or by the
return, if it was not sent yet."""


class Step(Struct, frozen=True):
    """What came of a change.

    Attributes:
        standing: Afterwards; None where there is nothing left to know.
        delivery: What the channel is to be told.
        withdrawn: The key of a delivery that it is not to be told after all; "" for none.
    """

    standing: Standing | None
    delivery: Delivery | None = None
    withdrawn: str = ""


class Mute(Struct, frozen=True):
    """What keeps a channel from being told of a client: a silence, or the channel is off.

    Attributes:
        tells_returns: Whether the return from an outage that the channel was told of is told.
    """

    tells_returns: bool = False


class Change(Struct, frozen=True):
    """A client went offline or came back, as one event of history.

    Attributes:
        kept: The notice as JSON, made once for all channels: each client that is offline has one
            in memory, of a KB or so.
        now: The moment by the clock that deliveries are scheduled with.
    """

    offline: bool
    notice: ClientNotice
    kept: Json
    epoch: str
    number: int
    now: float


def turned(
    before: Standing | None,
    channel: Channel,
    change: Change,
    key: str,
    *,
    mute: Mute | None,
    flaps: int,
) -> Step:
    """A client went or came.

    Args:
        before: Where the channel stood.
        channel: Its settings.
        change: What happened.
        key: The name of the delivery that this may need.
        mute: What keeps the channel from being told of the client; None: nothing does.
        flaps: How often the client went or came within the channel's `flap_window`, this time
            included.
    """
    if before is None:
        if not change.offline:
            return Step(None)  # it was never told that the client was gone
        before = Standing(
            channel=channel.name,
            client_id=change.notice.client.client_id,
            said="online",
            offline=False,
            changed_at=change.now,
            notice=None,
        )
    standing = replace(
        before,
        offline=change.offline,
        changed_at=change.now,
        notice=_completed(change, before),
        epoch=change.epoch,
        number=change.number,
    )
    if mute is not None:
        return muted(standing, channel, mute, key, change.now)
    if standing.muted == "flapping":
        return Step(standing)
    if 0 < channel.flap_threshold <= flaps:
        return _flapping(standing, channel, key, change.now, flaps)
    return said(standing, channel, key, change.now)


def unmuted(standing: Standing, channel: Channel, key: str, now: float) -> Step:
    """A silence ended: tell what the channel does not know. `delay` counts from now, for a reminder
    that came due meanwhile, too.
    """
    if standing.remind_at is not None:
        standing = replace(standing, remind_at=max(standing.remind_at, now + channel.delay))
    return said(standing, channel, key, now, counts_from=now)


def said(
    standing: Standing, channel: Channel, key: str, now: float, *, counts_from: float | None = None
) -> Step:
    """Nothing mutes the channel (any more): tell what it does not know. `delay` counts from the
    last change, unless `counts_from` names another moment.
    """
    standing = replace(standing, muted="")
    if standing.offline:
        begins = standing.changed_at if counts_from is None else counts_from
        return _say_offline(standing, channel, key, now, due_at=max(now, begins + channel.delay))
    withdrawn = withdrawable(standing, now) or _last_reminder(standing)
    standing = _without_held(standing, now)
    if standing.said == "online" or "online" not in channel.events:
        return Step(None, withdrawn=withdrawn)
    return Step(None, _delivery(standing, "online", key, now, due_at=now), withdrawn)


def gone_again(standing: Standing, change: Change) -> Step:
    """The client went, by a way that the channel does not ask for, before it was told of its
    return: what it was told is true still.
    """
    return Step(replace(standing, offline=True, changed_at=change.now, since=change.now))


def muted(standing: Standing, channel: Channel, mute: Mute, key: str, now: float) -> Step:
    """Something mutes the channel: an outage that is held back still is not told for now. A return
    may be, if the outage was told.
    """
    withdrawn, known = withdrawable(standing, now), _without_held(standing, now)
    if mute.tells_returns and known.said == "offline" and not known.offline:
        return said(standing, channel, key, now)
    return _unless_settled(replace(known, muted="silence"), withdrawn)


def reminded(standing: Standing, channel: Channel, key: str, now: float, wall: float) -> Step:
    """The client is still offline, and it is time to say so again. A reminder that was not sent
    yet is withdrawn. `wall` is what the reminder says that the time is.
    """
    before, interval = standing, channel.repeat_interval
    if not interval or standing.remind_at is None:
        return Step(replace(standing, remind_at=None))
    missed = (now - standing.remind_at) // interval  # of several that were missed, one is enough
    following = standing.remind_at + (missed + 1) * interval
    outage = from_json("reminder", standing.notice)
    if isinstance(outage, ClientNotice):
        gone = max(0.0, wall - outage.client.last_seen.timestamp())
        outage = replace(outage, at=wall, gone=gone)
    delivery = _delivery(
        replace(standing, notice=to_json(outage)), "reminder", key, now, due_at=now
    )
    standing = replace(standing, remind_at=following, held=key, held_until=REMINDED)
    return Step(standing, delivery, _last_reminder(before))


def _say_offline(standing: Standing, channel: Channel, key: str, now: float, due_at: float) -> Step:
    if standing.said == "offline" and standing.since == standing.changed_at:
        return Step(standing)  # it was told of this very outage
    told = "offline" in channel.events
    standing = replace(
        standing,
        said="offline",
        knew=standing.said,
        thread=standing.thread or key,
        since=standing.changed_at,
        held=key if told else "",
        held_until=due_at,
        remind_at=due_at + channel.repeat_interval if channel.repeat_interval and told else None,
    )
    delivery = _delivery(standing, "offline", key, now, due_at) if told else None
    return Step(standing, delivery)


def _flapping(standing: Standing, channel: Channel, key: str, now: float, flaps: int) -> Step:
    notice = from_json("flapping", standing.notice)
    notice = replace(notice, changes=flaps, window=channel.flap_window)
    withdrawn = withdrawable(standing, now)
    standing = _without_held(standing, now)
    standing = replace(standing, thread=standing.thread or key)
    delivery = _delivery(
        replace(standing, notice=to_json(notice)), "flapping", key, now, due_at=now
    )
    flapping = replace(
        standing, said="flapping", since=None, muted="flapping", held="", remind_at=None
    )
    return Step(flapping, delivery, withdrawn)


def withdrawable(standing: Standing, now: float) -> str:
    """The key of the delivery that nobody was told of yet."""
    return standing.held if _was_brief(standing, now) else ""


def _without_held(standing: Standing, now: float) -> Standing:
    """The standing as it was before the outage that is held back, if one is."""
    if not _was_brief(standing, now):
        return standing
    thread = "" if standing.knew == "online" else standing.thread
    return replace(standing, said=standing.knew, since=None, held="", held_until=0.0, thread=thread)


def _last_reminder(standing: Standing) -> str:
    return standing.held if standing.held_until == REMINDED else ""


def _was_brief(standing: Standing, now: float) -> bool:
    """Whether the channel would be told of the outage only later, so that nobody knows of it."""
    return standing.said == "offline" and now < standing.held_until


def _unless_settled(standing: Standing, withdrawn: str = "") -> Step:
    """Muted: nothing is said. If it is back and was never said to be gone, nothing is left."""
    settled = not standing.offline and standing.said == "online"
    return Step(None if settled else standing, withdrawn=withdrawn)


def _completed(change: Change, before: Standing) -> Json:
    """What there is to say, with what only the outage before a return tells."""
    if change.offline or before.notice is None:
        return change.kept
    outage = from_json("offline", before.notice)
    if not isinstance(outage, ClientNotice) or outage.offline_since is None:
        return change.kept
    gone = max(0.0, change.notice.at - outage.client.last_seen.timestamp())
    kept: Json = to_json(replace(change.notice, offline_since=outage.offline_since, gone=gone))
    return kept


def _delivery(standing: Standing, kind: Kind, key: str, now: float, due_at: float) -> Delivery:
    notice = standing.notice
    if standing.thread and isinstance(notice, dict):
        notice = notice | {"thread": standing.thread}
    return Delivery(
        key=key,
        channel=standing.channel,
        kind=kind,
        client_id=standing.client_id,
        notice=notice,
        created_at=now,
        due_at=due_at,
        epoch=standing.epoch,
        number=standing.number,
    )
