"""Asks every WebSocket whether it lives, and closes those that no longer answer.

Links stand around a wheel of slots that turns once in `ping_interval`, each in a slot of chance:
however they came, they are asked spread over the interval, and a step costs as much as stand in
its slot. A link has been silent for `missed_pongs` whole turns before it is given up on; a stall of
the server is at most one step that comes late, so nobody is blamed for it.
"""

import random
from collections.abc import Callable, Iterable
from typing import Protocol

import trio

from lastseen.server import logs
from lastseen.server.presence import isolation
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.model import Moment

SLOTS = 20
"""Steps of one turn: with 30 s, 10,000 links are asked in portions of 500, each 1.5 s."""

ASKED_AT_ONCE = 128
"""Links asked before others get a turn."""

LONGEST_SLEEP = 1.0
"""Seconds after which a sleeping heartbeat looks whether its interval was changed."""

log = logs.get_logger()


class Beating(Protocol):
    """A link that can be asked."""

    @property
    def unanswered(self) -> int:
        """How often it was asked since it last showed that it lives."""

    def ask(self) -> None:
        """Ask whether it lives."""

    def has_unread(self) -> bool:
        """Whether bytes of the peer, which may be the answer, lie unread in our own buffers."""

    def give_up(self, now: Moment) -> None:
        """It does not live: close it."""

    def crashed(self) -> None:
        """Asking it raised: end it."""


class Rhythm(Protocol):
    """The settings that the heartbeat follows, live."""

    @property
    def ping_interval(self) -> float:
        """Seconds of one turn; 0 or less: nobody is asked."""

    @property
    def missed_pongs(self) -> int:
        """Unanswered pings after which a link is given up on."""


class Heartbeat:
    """The wheel, and who stands at it."""

    def __init__(self, clock: AwakeClock, rhythm: Callable[[], Rhythm]) -> None:
        self._clock = clock
        self._rhythm = rhythm
        self._slots: list[set[Beating]] = [set() for _ in range(SLOTS)]
        self._at = 0

    def __len__(self) -> int:
        return sum(map(len, self._slots))

    def join(self, link: Beating) -> int:
        """Ask this one from now on. Returns its slot."""
        slot = random.randrange(SLOTS)
        self._slots[slot].add(link)
        return slot

    def leave(self, link: Beating, slot: int) -> None:
        """Ask it no more."""
        self._slots[slot].discard(link)

    async def run(
        self, *, task_status: trio.TaskStatus[trio.CancelScope] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Turn, as fast as the settings say, until the scope that it starts with is cancelled."""
        with trio.CancelScope() as scope:
            task_status.started(scope)
            while True:
                await self._rest()
                await self.step()

    async def step(self) -> None:
        """Ask those of the next slot, and close those that did not answer before."""
        due = list(self._slots[self._at])
        self._at = (self._at + 1) % SLOTS
        closed = 0
        for start in range(0, len(due), ASKED_AT_ONCE):
            if start:
                await trio.lowlevel.checkpoint()
            closed += self._see_to(due[start : start + ASKED_AT_ONCE])
        if due:
            log.debug("heartbeat", pinged=len(due) - closed, closed=closed, total=len(self))

    def _see_to(self, links: Iterable[Beating]) -> int:
        """Ask these, or give them up. Returns how many were given up."""
        missed_pongs, closed = self._rhythm().missed_pongs, 0
        for link in links:
            try:  # as `apart`, without its calls: they would cost more than the question
                if link.unanswered >= missed_pongs and not link.has_unread():
                    closed += 1
                    link.give_up(self._clock.now())
                else:
                    link.ask()
            except Exception:
                log.exception("a link crashed")
                isolation.end(link)
        return closed

    async def _rest(self) -> None:
        """Sleep until the next step, even if the interval is changed meanwhile."""
        began = trio.current_time()
        said_off = False
        while (interval := self._rhythm().ping_interval) <= 0 or (
            trio.current_time() < began + interval / SLOTS
        ):
            if interval <= 0 and not said_off:
                said_off = True
                log.warning("the heartbeat is off", why=f"websocket.ping_interval is {interval:g}")
            rest = (
                LONGEST_SLEEP if interval <= 0 else began + interval / SLOTS - trio.current_time()
            )
            await trio.sleep(min(rest, LONGEST_SLEEP))
