"""One channel's way out: takes what is due from the store, sends it, and notes what became of it.

At least once: a delivery is pending in the store until it was taken, and bears one name throughout.
In order for each client. No lane waits for another. One that meets a failure rests, and then tries
one message at a time until the channel takes one.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import trio

from lastseen.server import logs
from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.pace import STORE_PAUSE, rest_after
from lastseen.server.notify.sending import Chance, Outcome, Sender, Sending
from lastseen.server.notify.taking import Supply, Taker
from lastseen.server.notify.tally import Tally
from lastseen.server.store.errors import StoreUnavailable
from lastseen.server.store.telling import Attempt, BrokenChannel

TAKEN_AT_ONCE = 100
"""Messages taken, and settled, together: so many may be repeated after a crash."""

SHORTEST_IDLE, LONGEST_IDLE = 0.02, 600.0
"""Seconds until a lane that found nothing looks again, even if nothing wakes it."""

MENDING = "mend its settings, or when the other side is mended: lastseen enable "

OUTAGE = 30.0
"""Seconds without success after which it was the channel that failed, not a message or two: when it
takes one again, no other waits out a pause that was meant for the channel."""

log = logs.get_logger()

State = Literal["working", "failing", "broken"]


class Lane:
    """Sends to one channel.

    Attributes:
        channel: Its settings.
        digest: Of those settings, secrets included: whether others would do is not known.
        error: Why the last message was not taken; "" once one was.
        since: When the channel stopped taking messages; None while it takes them.
        broken: Whether it refused for good.
        tally: What the channel sent in this run, by this lane and by those before it.
        stopped: Set when `run` has ended.
    """

    def __init__(
        self,
        channel: Channel,
        digest: str,
        sender: Sender,
        supply: Supply,
        chance: Chance,
        tally: Tally,
    ) -> None:
        self.channel = channel
        self.digest = digest
        self.error = ""
        self.since: float | None = None
        self.broken = False
        self.tally = tally
        self.stopped = trio.Event()
        self._supply = supply
        self._taker = Taker(channel, supply, tally)
        self._sending = Sending(channel, sender, supply.now, chance)
        self._mended = False
        self._failures = 0
        self._resting_until = 0.0
        self._wake = trio.Event()
        self._hurry = trio.Event()
        self._stopping = trio.Event()

    @property
    def state(self) -> State:
        """How the channel is."""
        return "broken" if self.broken else "failing" if self._failures else "working"

    @property
    def rests_until(self) -> float | None:
        """Until when nothing is sent after a failure (by the schedule's clock); None: it may be."""
        rests = not self.broken and self._resting_until > self._supply.now()
        return self._resting_until if rests else None

    def begin_broken(self, broken: BrokenChannel) -> None:
        """It refused for good in an earlier run, and nothing was mended."""
        self.broken, self.error, self.since = True, broken.why, broken.since
        name = self.channel.name
        log.warning(
            "the channel is still broken", channel=name, why=broken.why, hint=MENDING + name
        )

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    def hurry(self) -> None:
        """Somebody wants to see now whether it works: it rests no longer."""
        self._resting_until = 0.0
        self._hurry.set()
        self.wake()

    def retry(self) -> None:
        """Somebody wants something that is due to be tried now: nothing gathers any longer."""
        self._taker.hurry()
        self.hurry()

    def stop(self) -> None:
        """Have `run` end once what is on its way has arrived and is noted."""
        self._stopping.set()
        self.hurry()

    async def run(self) -> None:
        """Send until stopped, or until the channel breaks."""
        while not self._stopping.is_set() and not self.broken:
            self._wake, self._hurry = trio.Event(), trio.Event()
            idle = await self._round()
            with trio.move_on_after(idle):
                await self._wake.wait()
            with trio.move_on_after(max(0.0, self._resting_until - self._supply.now())):
                await self._hurry.wait()
        self.stopped.set()

    # --- within -------------------------------------------------------------------------------

    async def _round(self) -> float:
        """Send what is due now. Returns for how long there is nothing to do, in seconds."""
        try:
            await self._mend()
            outgoing, idle = await self._taker.take(1 if self._failures else TAKEN_AT_ONCE)
            if self._stopping.is_set():
                return 0.0
            if not outgoing:
                return min(max(idle, SHORTEST_IDLE), LONGEST_IDLE)
            await self._note(await self._sending.send_all(outgoing, self._stopping.is_set))
        except StoreUnavailable:
            return STORE_PAUSE  # the keeper says so
        except Exception:  # a fault in one lane must not end the others, nor presence
            log.exception("sending crashed; it is tried again", channel=self.channel.name)
            return STORE_PAUSE
        return 0.0

    async def _note(self, outcomes: Sequence[Outcome]) -> None:
        """Have the store know, and learn from it how the channel is."""
        settled = [outcome for outcome in outcomes if not outcome.is_to_be_divided]
        await self._keep(self._supply.deliveries.settle, [o.attempt for o in settled])
        for outcome in outcomes:
            if outcome.error is None:
                await self._note_taken(outcome.attempt)
            elif outcome.is_to_be_divided:
                await self._divide(outcome.attempt.keys)
            elif outcome.attempt.state == "failed":
                self._note_given_up(outcome.attempt)
        # What is too large says nothing of the channel.
        errors = [o.error for o in outcomes if o.error is not None and not o.error.too_large]
        if errors:
            await self._note_errors(errors, outcomes[-1].attempt.at)

    async def _divide(self, keys: Sequence[str]) -> None:
        """A digest is too large for the receiver: its halves go under names of their own, for they
        say something else.
        """
        half, new_name = len(keys) // 2, self._supply.new_name
        halves = [(new_name(), keys[:half]), (new_name(), keys[half:])]
        await self._keep(self._supply.deliveries.divide, halves)
        name = self.channel.name
        log.info("a message is too large; it is sent in halves", channel=name, deliveries=len(keys))

    async def _note_taken(self, attempt: Attempt) -> None:
        if self._failures:
            log.info("the channel takes messages again", channel=self.channel.name)
        if self.since is not None and attempt.at - self.since >= OUTAGE:
            now = self._supply.now()
            await self._keep(self._supply.deliveries.hasten, self.channel.name, now)
        self._failures, self.error, self.since, self._resting_until = 0, "", None, 0.0
        self.tally.last_sent = attempt.at
        self.tally.sent += len(attempt.keys)

    def _note_given_up(self, attempt: Attempt) -> None:
        name, count = self.channel.name, len(attempt.keys)
        self.tally.failed += count
        log.error("given up", channel=name, why=attempt.error, deliveries=count)

    async def _note_errors(self, errors: Sequence[TransportError], at: float) -> None:
        """However many were on their way, it is one failure; the longest wait asked for counts."""
        worst = max(errors, key=lambda error: (error.permanent, error.retry_after or 0.0))
        self._failures += 1
        self.error, self.since = str(worst), self.since or at
        rest = max([rest_after(self._failures), *(error.retry_after or 0.0 for error in errors)])
        self._resting_until = self._supply.now() + rest
        name = self.channel.name
        if worst.permanent:
            self.broken = True
            broken = BrokenChannel(name, at, self.error, self.digest)
            await self._keep(self._supply.deliveries.mark_broken, broken)
            log.error("the channel is broken", channel=name, why=self.error, hint=MENDING + name)
        else:
            say = log.warning if self._failures == 1 else log.debug
            say("the channel does not take messages", channel=name, why=self.error, rests=rest)

    async def _mend(self) -> None:
        """It is tried (again): the next run is to try it too, with whichever settings."""
        if not self._mended:
            await self._supply.in_thread(self._supply.deliveries.mend, self.channel.name)
            self._mended = True

    async def _keep(self, write: Callable[..., None], *what: object) -> None:
        """Write as often as it takes: what was sent and is not noted would be sent again."""
        while True:
            try:
                await self._supply.in_thread(write, *what)
            except StoreUnavailable:
                await trio.sleep(STORE_PAUSE)
            else:
                return
