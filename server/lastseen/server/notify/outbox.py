"""What is to be told, of everyone and to every channel, decided as things happen.

Pure: the time and the names of deliveries are arguments. Every method returns what the store is to
keep of its decision; nothing is sent from here.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.filtering import hears_of
from lastseen.server.notify.notice import ClientNotice, MassLoss, to_json
from lastseen.server.notify.quiet import Quiet
from lastseen.server.notify.standing import (
    Change,
    Step,
    gone_again,
    reminded,
    said,
    silenced,
    turned,
    withdrawable,
)
from lastseen.server.presence.model import Transition
from lastseen.server.store.telling import Delivery, Standing, Telling
from lastseen.shared.messages import ClientRecord

SWEEP = 60.0
"""Seconds between two looks for clients that have been steady for long."""

FORGETTING = 300.0
"""Seconds between two looks for clients that are forgotten."""

PORTION = 500
"""Standings held against other silences in one go: a few milliseconds."""

NOTHING = Telling()

Key = tuple[str, str]
"""A channel and a client_id."""


class Outbox:
    """Decides for every channel.

    Attributes:
        quiet: Whom silences and maintenance cover now.
    """

    def __init__(self, channels: Iterable[Channel], new_key: Callable[[], str]) -> None:
        """`new_key` gives a name that was never used, for a delivery."""
        self.quiet: Quiet = frozenset()
        self._channels = {channel.name: channel for channel in channels}
        self._new_key = new_key
        self._standings: dict[str, dict[str, Standing]] = {}  # by client_id, then by channel
        self._timed: dict[Key, None] = {}  # those that time alone may make say something
        self._changes: dict[Key, deque[float]] = {}  # when each came or went of late
        self._swept_at = 0.0
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
            if "offline" in channel.events and not (channel.clients or channel.groups)
        ]
        return Telling(deliveries=tuple(deliveries))

    def silence(self, quiet: Quiet, now: float) -> Iterator[Telling]:
        """Other silences are in force from now on: of some clients nothing is told, of others it is
        again. In portions: there may be many who are offline, and anything may happen in between.
        """
        self.quiet = quiet
        keys = [key for key, _ in self._every()]
        for start in range(0, len(keys), PORTION):
            yield self._keep(self._requiet(keys[start : start + PORTION], now))

    def tick(self, now: float) -> Telling:
        """Time passed: who flapped may be steady, and of long outages channels are reminded."""
        self._forget_changes(now)
        return self._keep(self._timed_steps(now)) if self._timed else NOTHING

    # --- what is known ------------------------------------------------------------------------

    def restore(self, standings: Iterable[Standing]) -> None:
        """What an earlier run left."""
        for standing in standings:
            self._set(standing)

    def follow(self, channels: Iterable[Channel], now: float) -> Telling:
        """Other channels from now on. One that is no more forgets where it stood, and what is held
        back for it: it could not follow what happens until it comes back.
        """
        self._channels = {channel.name: channel for channel in channels}
        unknown = [item for item in self._every() if item[0][0] not in self._channels]
        return self._keep((key, Step(None, None, withdrawable(s, now))) for key, s in unknown)

    def forget(self, client_id: str) -> None:
        """A client is forgotten; so does the store."""
        for channel in list(self._standings.get(client_id, ())):
            self._drop((channel, client_id))

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
        quiet = self._covers(record.client_id, record.groups)
        standings = self._standings.get(record.client_id, {})
        for channel in self._channels.values():
            before = standings.get(channel.name)
            key = (channel.name, record.client_id)
            if change.offline and not hears_of(channel, record):
                if before is not None:
                    yield key, gone_again(before, change)
                continue
            if not change.offline and before is None:
                continue
            flaps = self._count(key, channel, change.now)
            yield key, turned(before, channel, change, self._new_key(), quiet=quiet, flaps=flaps)

    def _requiet(self, keys: Iterable[Key], now: float) -> Iterator[tuple[Key, Step]]:
        for key in keys:
            name, client_id = key
            channel = self._channels.get(name)
            standing = self._standings.get(client_id, {}).get(name)
            if channel is None or standing is None:
                continue
            covered = self._covers(standing.client_id, _groups_of(standing))
            if covered and standing.muted != "silence":
                yield key, silenced(standing, now)
            elif not covered and standing.muted == "silence":
                yield key, said(standing, channel, self._new_key(), now)

    def _timed_steps(self, now: float) -> Iterator[tuple[Key, Step]]:
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
                yield key, reminded(standing, channel, self._new_key(), now)

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

    def _covers(self, client_id: str, groups: Collection[str]) -> bool:
        return any(matcher.covers(client_id, groups) for matcher in self.quiet)

    def _count(self, key: Key, channel: Channel, now: float) -> int:
        """How often a client came or went within the window, this time included."""
        if not channel.flap_threshold:
            return 0
        times = self._changes.setdefault(key, deque())
        times.append(now)
        while times[0] <= now - channel.flap_window:
            times.popleft()
        while len(times) > channel.flap_threshold:
            times.popleft()
        return len(times)

    def _forget_changes(self, now: float) -> None:
        """Once in a while: of most clients there is one change, and then none for long."""
        if now - self._swept_at < SWEEP:
            return
        self._swept_at = now
        windows = {channel.name: channel.flap_window for channel in self._channels.values()}
        for (channel, client_id), times in list(self._changes.items()):
            if times[-1] <= now - windows.get(channel, 0):
                del self._changes[channel, client_id]


def _notice(transition: Transition, record: ClientRecord) -> ClientNotice:
    if transition.after == "offline":
        return ClientNotice(record, transition.wall, transition.wall, transition.silence)
    return ClientNotice(record, transition.wall)


def _groups_of(standing: Standing) -> Collection[str]:
    # Read from the JSON as it is: a silence may have to look at each of many.
    kept: Any = standing.notice
    return kept["client"].get("groups", ()) if kept else ()
