"""What is to be told, of everyone and to every channel, decided as things happen.

Pure: the time and the names of deliveries are arguments. Every method returns what the store is to
keep of its decision; nothing is sent from here.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.changes import Changes, Key
from lastseen.server.notify.filtering import hears_of
from lastseen.server.notify.notice import ClientNotice, MassLoss, to_json
from lastseen.server.notify.quiet import Quiet
from lastseen.server.notify.setting_back import set_back
from lastseen.server.notify.standing import (
    Change,
    Mute,
    Step,
    gone_again,
    muted,
    reminded,
    said,
    turned,
    unmuted,
    withdrawable,
)
from lastseen.server.presence.model import Transition
from lastseen.server.store.telling import Delivery, GivenUp, Standing, Telling, Waiting
from lastseen.shared.messages import ClientRecord

FORGETTING = 300.0
"""Seconds between two looks for clients that are forgotten."""

PORTION = 500
"""Standings held against other silences in one go: a few milliseconds."""

NOTHING = Telling()

OFF = Mute()
"""Mutes a channel that is off."""


class Outbox:
    """Decides for every channel. A channel that is off is muted, as by a silence that covers every
    client.

    Attributes:
        quiet: Whom silences and maintenance cover now.
        returns_during_silence: Whether a return is told although a silence covers the client, if
            the outage was told. A change takes effect at the next `follow` or `silence`.
    """

    def __init__(
        self,
        channels: Iterable[Channel],
        new_key: Callable[[], str],
        *,
        returns_during_silence: bool = True,
    ) -> None:
        """`new_key` gives a name that was never used, for a delivery."""
        self.quiet: Quiet = frozenset()
        self.returns_during_silence = returns_during_silence
        self._channels = {channel.name: channel for channel in channels}
        self._new_key = new_key
        self._standings: dict[str, dict[str, Standing]] = {}  # by client_id, then by channel
        self._timed: dict[Key, None] = {}  # those that time alone may make say something
        self._changes = Changes()
        self._forgot_before = 0.0

    def __len__(self) -> int:
        return sum(map(len, self._standings.values()))

    # --- what happens -------------------------------------------------------------------------

    def transition(
        self, transition: Transition, record: ClientRecord, epoch: str, number: int, now: float
    ) -> Telling:
        """A client's status changed; `record` is how it is now, and `number` the event's."""
        went = transition.after == "offline" and transition.before != "offline"
        came = transition.before == "offline" and transition.after != "offline"
        if not self._channels or not (went or came):
            return NOTHING
        notice = _notice(transition, record)
        change = Change(went, notice, to_json(notice), epoch, number, now)
        return self._keep(self._turn(record, change))

    def mass_loss(self, loss: MassLoss, epoch: str, now: float) -> Telling:
        """Most clients fell silent at once, and are held back."""
        if any(matcher.covers_all for matcher in self.quiet):
            return NOTHING
        deliveries = [
            Delivery(
                key=self._new_key(),
                channel=channel.name,
                kind="mass_loss",
                client_id="",
                notice=to_json(loss),
                created_at=now,
                due_at=now,
                epoch=epoch,
            )
            for channel in self._channels.values()
            if channel.enabled
            and "offline" in channel.events
            and not (channel.clients or channel.groups)
        ]
        return Telling(deliveries=tuple(deliveries))

    def silence(self, quiet: Quiet, now: float) -> Iterator[Telling]:
        """Other silences are in force from now on: of some clients nothing is told, of others it is
        again. In portions: there may be many who are offline, and anything may happen in between.
        """
        self.quiet = quiet
        return self._portions(now)

    def tick(self, now: float, wall: float) -> Telling:
        """Time passed: a client that flapped may be steady, and channels are reminded of long
        outages. `now` is of the schedule's clock; `wall` is what reminders say that the time is.
        """
        self._changes.forget(self._channels, now)
        return self._keep(self._timed_steps(now, wall)) if self._timed else NOTHING

    # --- what is known ------------------------------------------------------------------------

    def restore(self, standings: Iterable[Standing]) -> None:
        """What an earlier run left."""
        for standing in standings:
            self._set(standing)

    def follow(self, channels: Iterable[Channel], now: float) -> Iterator[Telling]:
        """Other channels from now on. One that is no more forgets where it stood, and what is held
        back for it: it could not follow what happens until it comes back. One that is off is muted;
        one that is on again is told what is so and what it does not know. In portions, as
        `silence`.
        """
        self._channels = {channel.name: channel for channel in channels}
        return self._portions(now)

    def give_up(self, lines: Sequence[Waiting], why: str, now: float) -> Telling:
        """What waits for a channel that is off, or no more, is not sent."""
        steps = (
            (line.key, set_back(self._standings.get(line.key[1], {}).get(line.key[0]), line))
            for line in lines
            if line.key[0] in self._channels and line.key[1]
        )
        keys = tuple(delivery.key for line in lines for delivery in line.pending)
        return replace(self._keep(steps), given_up=(GivenUp(keys, why, now),))

    def forget(self, client_id: str) -> Telling:
        """A client is forgotten. So it is by the store, before what is not written yet."""
        keys = [(channel, client_id) for channel in self._standings.get(client_id, ())]
        return self._keep((key, Step(None)) for key in keys)

    def forget_before(self, moment: float) -> None:
        """Clients that went offline before a moment are forgotten; so does the store. Looks only
        once in a while.
        """
        if moment - self._forgot_before < FORGETTING:
            return
        self._forgot_before = moment
        for key, standing in self._every():
            if standing.offline and standing.changed_at < moment:
                self._drop(key)

    # --- within -------------------------------------------------------------------------------

    def _turn(self, record: ClientRecord, change: Change) -> Iterator[tuple[Key, Step]]:
        silence = self._silence_of(record.client_id, record.groups)
        standings = self._standings.get(record.client_id, {})
        for channel in self._channels.values():
            before, mute = standings.get(channel.name), silence if channel.enabled else OFF
            key = (channel.name, record.client_id)
            if change.offline and not hears_of(channel, record):
                if before is not None:
                    yield key, gone_again(before, change)
                continue
            if not change.offline and before is None:
                continue
            # What happens in a silence is expected, and does not count as flapping after it.
            flaps = self._changes.count(key, channel, change.now) if mute is None else 0
            yield key, turned(before, channel, change, self._new_key(), mute=mute, flaps=flaps)

    def _portions(self, now: float) -> Iterator[Telling]:
        keys = [key for key, _ in self._every()]
        for start in range(0, len(keys), PORTION):
            yield self._keep(self._requiet(keys[start : start + PORTION], now))

    def _requiet(self, keys: Iterable[Key], now: float) -> Iterator[tuple[Key, Step]]:
        for key in keys:
            name, client_id = key
            channel = self._channels.get(name)
            standing = self._standings.get(client_id, {}).get(name)
            if standing is None:
                continue
            if channel is None:
                yield key, Step(None, None, withdrawable(standing, now))
                continue
            mute = self._silence_of(client_id, _groups_of(standing)) if channel.enabled else OFF
            is_muted = standing.muted == "silence"
            if mute is None:
                if is_muted:
                    yield key, unmuted(standing, channel, self._new_key(), now)
            elif not is_muted or (mute.tells_returns and not standing.offline):
                yield key, muted(standing, channel, mute, self._new_key(), now)

    def _timed_steps(self, now: float, wall: float) -> Iterator[tuple[Key, Step]]:
        for key in list(self._timed):
            channel, standing = self._channels.get(key[0]), self._standings[key[1]][key[0]]
            if channel is None:
                continue
            if standing.muted == "flapping":
                if now - standing.changed_at >= channel.flap_window:
                    yield key, said(standing, channel, self._new_key(), now)
            elif (
                not standing.muted and standing.remind_at is not None and standing.remind_at <= now
            ):
                yield key, reminded(standing, channel, self._new_key(), now, wall)

    def _keep(self, steps: Iterable[tuple[Key, Step]]) -> Telling:
        """Take steps, and gather what the store is to keep of them."""
        taken = list(steps)
        for key, step in taken:
            if step.standing is None:
                self._drop(key)
            else:
                self._set(step.standing)
        return Telling(
            deliveries=tuple(s.delivery for _, s in taken if s.delivery is not None),
            withdrawn=tuple(s.withdrawn for _, s in taken if s.withdrawn),
            standings=tuple(s.standing for _, s in taken if s.standing is not None),
            settled=tuple(key for key, s in taken if s.standing is None),
        )

    def _every(self) -> list[tuple[Key, Standing]]:
        return [
            ((channel, client_id), standing)
            for client_id, standings in self._standings.items()
            for channel, standing in standings.items()
        ]

    def _set(self, standing: Standing) -> None:
        key = (standing.channel, standing.client_id)
        self._standings.setdefault(standing.client_id, {})[standing.channel] = standing
        if standing.muted == "flapping" or standing.remind_at is not None:
            self._timed[key] = None
        else:
            self._timed.pop(key, None)

    def _drop(self, key: Key) -> None:
        channel, client_id = key
        self._timed.pop(key, None)
        standings = self._standings.get(client_id, {})
        standings.pop(channel, None)
        if not standings:
            self._standings.pop(client_id, None)

    def _silence_of(self, client_id: str, groups: Collection[str]) -> Mute | None:
        covered = any(matcher.covers(client_id, groups) for matcher in self.quiet)
        return Mute(self.returns_during_silence) if covered else None


def _notice(transition: Transition, record: ClientRecord) -> ClientNotice:
    if transition.after == "offline":
        return ClientNotice(record, transition.wall, transition.wall, transition.silence)
    return ClientNotice(record, transition.wall)


def _groups_of(standing: Standing) -> Collection[str]:
    # Read from the JSON as it is: a silence may have to look at each of many.
    kept: Any = standing.notice
    return kept["client"].get("groups", ()) if kept else ()
