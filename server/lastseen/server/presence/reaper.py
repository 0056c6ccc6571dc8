"""The reaper: every `reap_interval`, expires sessions past their deadline.

What it decides is in `presence`; this is only when, and in what portions. Worst-case detection is
therefore connection_timeout + reap_interval.

The first pass comes soon after the start: a heartbeat's deadline may have passed in an earlier run,
and a server that restarts more often than every `reap_interval` would never report it.
"""

from collections.abc import Callable
from functools import partial

import trio

from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.isolation import apart
from lastseen.server.presence.model import Moment, Session
from lastseen.server.presence.presence import Presence

REAPED_AT_ONCE = 100
"""Clients called late, or given up on, before others get a turn: 4 ms with their log lines."""

LONGEST_SLEEP = 1.0
"""Seconds after which a sleeping reaper looks whether its interval was changed."""

SETTLED = 1.0
"""Seconds after the start or a stall in which no session expires. What came meanwhile is read
first: of links the reaper could see that something is unread, but heartbeats wait in connections
that are not accepted yet."""


async def reap(presence: Presence, interval: Callable[[], float]) -> None:
    """Make a pass SETTLED seconds from now, and one `interval()` after the last began, for ever."""
    asked = trio.current_time() + min(SETTLED, interval())
    await trio.sleep_until(asked)
    while True:
        await _settle(presence.clock)
        started = trio.current_time()
        await reap_once(presence)
        presence.counts.reaper_passes += 1
        presence.counts.last_pass = presence.clock.now().wall
        presence.counts.reaper_lateness = started - asked
        presence.counts.reaper_duration = trio.current_time() - started
        asked = await _sleep_until_due(started, interval)


async def _sleep_until_due(began: float, interval: Callable[[], float]) -> float:
    """Sleep until `interval()` after `began`, even if that changes; return when it was to end."""
    asked = trio.current_time()
    while (due := began + interval()) > trio.current_time():
        asked = min(due, trio.current_time() + LONGEST_SLEEP)
        await trio.sleep_until(asked)
    return max(asked, due)


async def _settle(clock: AwakeClock) -> None:
    """After a stall, let others read first. Once: a server that stalls all the time reaps too."""
    await trio.sleep(max(0.0, SETTLED - (clock.now().awake - clock.woke)))


async def reap_once(presence: Presence) -> None:
    """One pass. Others get their turn after each portion, so everyone is looked at again when it
    comes to them.
    """
    pass_began = presence.clock.now()
    while presence.call_some_late(pass_began, REAPED_AT_ONCE):
        await trio.lowlevel.checkpoint()
    for index, session in enumerate(presence.due(pass_began), 1):
        apart(session.link, partial(_judge, presence, session, pass_began))
        if index % REAPED_AT_ONCE == 0:
            await trio.lowlevel.checkpoint()


def _judge(presence: Presence, session: Session, pass_began: Moment) -> None:
    """Give up on a session that was due when the pass began, unless it has spoken."""
    spoke_meanwhile = session.last_ping.awake >= pass_began.awake
    # Bytes of theirs lie in our own buffers: the pump reads them first.
    if not spoke_meanwhile and not (session.link is not None and session.link.has_unread()):
        presence.give_up(session, presence.clock.now())
