"""Everything that tells someone, from the start of a server to its end: the outbox that decides,
the lanes that send, and what time alone brings about.
"""

import random
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import trio
from msgspec import Struct, field
from msgspec.structs import replace

from lastseen.server import logs
from lastseen.server.config.sections.channels import Channel
from lastseen.server.config.sections.notify import Maintenance, Notify
from lastseen.server.errors import StartFailed
from lastseen.server.keeping.threads import InThread, in_thread
from lastseen.server.notify.channel_records import channel_record
from lastseen.server.notify.giving_up import GONE, OFF, GivingUp
from lastseen.server.notify.lanes import Lanes, Senders
from lastseen.server.notify.notice import MassLoss
from lastseen.server.notify.outbox import Outbox
from lastseen.server.notify.quiet import Quiet, in_force
from lastseen.server.notify.restart import resumed, silence_moved
from lastseen.server.notify.schedule import Schedule
from lastseen.server.notify.taking import Supply
from lastseen.server.presence.model import Moment, Transition
from lastseen.server.store.deliveries import DeliveryStore
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.telling import BrokenChannel, Delivery, Silence, Standing, Telling
from lastseen.shared.messages import ChannelRecord, ClientRecord

TICK = 1.0
"""Seconds between two looks at what time has brought about: a silence that ended, say."""

LAST_MESSAGES = 3.0
"""Seconds that a shutdown waits at most for messages that are on their way."""

PAGE = 1_000
"""Standings read in one call."""

log = logs.get_logger()


class Keeper(Protocol):
    """Who writes to the store, in the order in which things were decided."""

    def tell(self, telling: Telling) -> None:
        """Have something kept that is to be told."""

    async def caught_up(self) -> None:
        """Wait until what was decided up to now is in the store."""


class Surroundings(Struct, frozen=True):
    """Clocks, chance and threads, which a test may have its own of.

    Attributes:
        wall: Unix time, which maintenance goes by.
        schedule: The clock of deliveries and silences.
        chance: From 0 to 1.
        in_thread: Where calls block.
    """

    wall: Callable[[], float] = time.time
    schedule: Callable[[], float] = field(default_factory=lambda: Schedule().now)
    chance: Callable[[], float] = random.random
    in_thread: InThread = in_thread


class Notifier:
    """Tells whoever should know. It is the keeper's teller."""

    def __init__(
        self,
        store: DeliveryStore,
        keeper: Keeper,
        senders: Senders,
        settings: Callable[[], Notify],
        retention: Callable[[], float],
        grace: Callable[[], float],
        epoch: str,
        around: Surroundings | None = None,
    ) -> None:
        """`settings` is called at each tick: changes are followed. `retention` returns for how many
        seconds offline clients are remembered, `grace` is `reconnect_grace` in seconds.
        """
        self._around = around or Surroundings()
        self._began = self._around.schedule()
        self._grace = grace
        self._kept_ahead = 0.0
        self._store = store
        self._keeper = keeper
        self._settings = settings
        self._retention = retention
        self._followed = settings()
        self._epoch = epoch
        self._silences: dict[int, Silence] = {}
        self._requieting: Iterator[Telling] = iter(())
        self._something_to_do = trio.Event()
        self._broken: list[BrokenChannel] = []
        self._outbox = Outbox(
            self._followed.channels,
            new_name,
            returns_during_silence=self._followed.returns_during_silence,
        )
        supply = Supply(
            store, self._around.in_thread, self._written_until, self._around.schedule, new_name
        )
        self._lanes = Lanes(_enabled(self._followed), senders, supply, self._around.chance)
        self._giving_up = GivingUp(
            store,
            keeper,
            self._outbox,
            self._lanes.ended,
            self._follow_channels,
            self._around.schedule,
            self._around.in_thread,
        )
        self.finished = trio.Event()

    # --- the keeper's side --------------------------------------------------------------------

    def transition(
        self, transition: Transition, record: ClientRecord, epoch: str, number: int
    ) -> Telling:
        """A client's status changed."""
        now = self._around.schedule()
        return self._outbox.transition(transition, record, epoch, number, now)

    def mass_loss(self, silent: int, present: int, hold: float, now: Moment) -> Telling:
        """Most of those present fell silent: they are held back for `hold` seconds."""
        loss = MassLoss(now.wall, silent, present, hold)
        return self._outbox.mass_loss(loss, self._epoch, self._around.schedule())

    def written(self, telling: Telling) -> None:
        """The store has it."""
        self._lanes.wake({delivery.channel for delivery in telling.deliveries})

    def forgotten(self, client_id: str) -> None:
        """A client is forgotten."""
        self._giving_up.forgotten()
        self._keeper.tell(self._outbox.forget(client_id))

    # --- the server's side --------------------------------------------------------------------

    async def restore(self) -> None:
        """Go on where the last run ended. To be awaited before anything happens.

        Raises:
            StartFailed: The database does not answer.
        """
        try:
            ended: float | None = await self._around.in_thread(self._store.ended, self._epoch)
            await self._restore_from(self.now() if ended is None else ended)
            self._broken = await self._around.in_thread(self._store.broken)
            counts = await self._around.in_thread(self._store.counts)
        except StoreUnavailable as error:
            raise StartFailed(str(error)) from error
        for telling in self._outbox.silence(self._quiet(), self._around.schedule()):
            self._keeper.tell(telling)
        self._give_up({channel for channel, state in counts if state == "pending"})

    async def run(self) -> None:
        """Tell, until finished or cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tick_for_ever)
            nursery.start_soon(self._giving_up.run)
            await self._lanes.run(self._broken)
            self.finished.set()
            nursery.cancel_scope.cancel()

    async def finish(self) -> None:
        """Begin to send nothing more, and wait for what is on its way, LAST_MESSAGES seconds."""
        self._lanes.stop()
        with trio.move_on_after(LAST_MESSAGES):
            await self.finished.wait()

    # --- who steers ---------------------------------------------------------------------------

    def windows(self) -> tuple[Maintenance, ...]:
        """The planned maintenance of the settings."""
        return self._followed.maintenance

    def now(self) -> float:
        """This moment by the clock that deliveries are scheduled with."""
        return self._around.schedule()

    def as_wall(self, moment: float) -> float:
        """What the wall clock shows, or would have shown, at a moment of the schedule. Moments of
        earlier runs are what those runs knew.
        """
        return moment + self._ahead() if moment >= self._began else moment

    def silenced(self, silence: Silence) -> None:
        """Somebody ordered a silence, and the store has it."""
        self._silences[silence.id] = silence
        self._follow_quiet()

    def unsilenced(self, which: int) -> None:
        """A silence was ended."""
        self._silences.pop(which, None)
        self._follow_quiet()

    def retried(self, channel: str) -> None:
        """A delivery is to be tried again, now."""
        self._lanes.retry(channel)

    def enable(self, channel: str) -> None:
        """Try a channel again, now."""
        self._lanes.enable(channel)

    def channels(self) -> list[ChannelRecord]:
        """All channels there are, in the order of their names; how many deliveries each has left
        is the store's to say.
        """
        lanes = {lane.channel.name: lane for lane in self._lanes}
        settings = sorted(self._followed.channels, key=lambda channel: channel.name)
        given_up = self._giving_up.is_under_way
        return [
            channel_record(
                channel,
                lanes.get(channel.name),
                self._lanes.tally(channel.name),
                self.as_wall,
                is_given_up=given_up(channel.name),
            )
            for channel in settings
        ]

    def outcomes(self) -> dict[tuple[str, str], int]:
        """Count the deliveries of this run by channel name and outcome: `sent` (the channel took
        them) or `failed` (they were given up). The counters of a channel only grow.
        """
        found: dict[tuple[str, str], int] = {}
        for channel in self._followed.channels:
            tally = self._lanes.tally(channel.name)
            found[channel.name, "sent"] = tally.sent
            found[channel.name, "failed"] = tally.failed
        return found

    # --- within -------------------------------------------------------------------------------

    async def _restore_from(self, ended: float) -> None:
        """Take over what a run left that ended at a moment of its own clock."""
        now, in_thread = self.now(), self._around.in_thread
        silences: list[Silence] = await in_thread(self._store.silences)
        if now < ended:  # the clock was set back: nothing waits longer for that
            silences = [silence_moved(silence, now - ended) for silence in silences]
            await in_thread(self._store.set_back, now, silences)
        self._silences = {silence.id: silence for silence in silences}
        page: list[Standing] = await in_thread(self._store.standings, None, PAGE)
        while page:
            taken = [await self._resumed(standing, ended, now) for standing in page]
            changed = [new for new, old in zip(taken, page, strict=True) if new is not old]
            await in_thread(self._store.postpone, {s.held: s.held_until for s in changed if s.held})
            self._keeper.tell(Telling(standings=tuple(changed)))
            self._outbox.restore(taken)
            page = await in_thread(self._store.standings, page[-1], PAGE)

    async def _resumed(self, standing: Standing, ended: float, now: float) -> Standing:
        channels = {channel.name: channel for channel in self._followed.channels}
        channel = channels.get(standing.channel)
        delay = 0.0 if channel is None else channel.delay
        taken = resumed(standing, ended, now, delay=delay, grace=self._grace())
        if taken.held_until <= now or not taken.held:
            return taken
        held: Delivery | None = await self._around.in_thread(self._store.find, taken.held)
        if held is not None and held.state == "pending" and not (held.attempts or held.message):
            return taken
        return replace(taken, held_until=now)  # it was sent, or is being sent

    async def _written_until(self) -> float:
        now = self._around.schedule()
        await self._keeper.caught_up()
        return now

    async def _tick_for_ever(self) -> None:
        while True:
            with trio.move_on_after(TICK):
                await self._something_to_do.wait()
            self._something_to_do = trio.Event()
            if self._settings() != self._followed:
                self._follow(self._settings())
            self._follow_quiet()
            while self._requiet_some():
                await trio.lowlevel.checkpoint()
            now = self._around.schedule()
            self._keeper.tell(self._outbox.tick(now, self._around.wall()))
            self._outbox.forget_before(now - self._retention())
            await self._keep_ahead()

    def _follow(self, settings: Notify) -> None:
        before = {channel.name for channel in _enabled(self._followed)}
        self._followed = settings
        self._outbox.returns_during_silence = settings.returns_during_silence
        self._give_up(before)
        self._follow_channels()

    def _give_up(self, names: set[str]) -> None:
        """Of these channels, those that are not on: nothing of what waits for them is sent."""
        known = {channel.name: channel.enabled for channel in self._followed.channels}
        for name in sorted(names):
            if not known.get(name):
                self._giving_up.begin(name, OFF if name in known else GONE)

    def _follow_channels(self) -> None:
        channels = self._giving_up.still_off(self._followed.channels)
        self._requieting = self._outbox.follow(channels, self._around.schedule())
        self._lanes.follow([channel for channel in channels if channel.enabled])
        self._requiet_some()
        self._something_to_do.set()

    def _follow_quiet(self) -> None:
        """Have other silences in force at once; who they concern is gone through in portions."""
        quiet = self._quiet()
        if quiet != self._outbox.quiet:
            self._requieting = self._outbox.silence(quiet, self._around.schedule())
            self._requiet_some()
            self._something_to_do.set()

    def _requiet_some(self) -> bool:
        """One portion. False: there is none left."""
        telling = next(self._requieting, None)
        if telling is not None:
            self._keeper.tell(telling)
        return telling is not None

    def _quiet(self) -> Quiet:
        return in_force(
            self._silences.values(), self._followed.maintenance, self.now(), self._around.wall()
        )

    def _ahead(self) -> float:
        """By how many whole seconds the wall clock was set forward since the start."""
        return round(self._around.wall() - self._around.schedule())

    async def _keep_ahead(self) -> None:
        """Have the next run know that the clock was set: it must tell when this run ended."""
        ahead = self._ahead()
        if ahead != self._kept_ahead:
            try:
                await self._around.in_thread(self._store.set_ahead, self._epoch, ahead)
            except StoreUnavailable:
                return  # the keeper says so, and the next tick tries again
            self._kept_ahead = ahead


def new_name() -> str:
    """A name that was never used: of a delivery, or of a message that tells several."""
    return f"msg_{secrets.token_hex(12)}"


def _enabled(settings: Notify) -> list[Channel]:
    return [channel for channel in settings.channels if channel.enabled]
