"""How a run of the server takes over alert states and silences from the run before. Pure.

The clock may have been set in between. So what counts is the moment at which the run before ended,
by that run's own clock: what lay ahead then lies as far ahead now.
"""

from msgspec.structs import replace

from lastseen.server.store.telling import Silence, Standing


def resumed(
    standing: Standing, ended: float, now: float, *, delay: float, grace: float
) -> Standing:
    """The alert state as this run takes it over; the same object if nothing changes.

    A delay goes on where the run before ended. The time in which the server was away does not
    count, for a client that came back meanwhile could not say so. A delay ends `grace` after the
    start at the earliest, so that clients find back to the server first.

    Args:
        standing: As the run before left it.
        ended: When that run ended, by its clock.
        now: This moment, by the clock of this run.
        delay: The channel's `delay`; a delay that goes on lasts no longer than this.
        grace: Seconds, `reconnect_grace`.
    """
    taken = begun_by(moved(standing, now - ended) if now < ended else standing, now)
    if standing.held_until <= ended:
        return taken
    due_at = now + max(min(standing.held_until - ended, delay), min(delay, grace))
    return postponed(taken, due_at)


def postponed(standing: Standing, due_at: float) -> Standing:
    """The alert state, with an outage that is held back until another moment."""
    remind_at = standing.remind_at
    if remind_at is not None:
        remind_at += due_at - standing.held_until
    return replace(standing, held_until=due_at, remind_at=remind_at)


def moved(standing: Standing, seconds: float) -> Standing:
    """The alert state by a clock that shows so many seconds more."""
    since, remind_at = standing.since, standing.remind_at
    return replace(
        standing,
        changed_at=standing.changed_at + seconds,
        since=None if since is None else since + seconds,
        held_until=standing.held_until + seconds if standing.held_until else 0.0,
        remind_at=None if remind_at is None else remind_at + seconds,
    )


def begun_by(standing: Standing, now: float) -> Standing:
    """The alert state, if the clock was set back since: what lies ahead happened by now. Its
    moments are moved together, as an outage is known by them.
    """
    ahead = standing.changed_at - now
    return moved(standing, -ahead) if ahead > 0 else standing


def silence_moved(silence: Silence, seconds: float) -> Silence:
    """The silence by a clock that shows so many seconds more."""
    return replace(silence, since=silence.since + seconds, until=silence.until + seconds)
