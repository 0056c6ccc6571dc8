"""How a link ended, and what follows: when to come back, or the error to leave with. Pure."""

import math
from collections.abc import Iterator
from typing import TypeGuard

from msgspec import Struct

from lastseen.client.errors import ConnectFailed, Ended, LastseenError, Refused
from lastseen.shared.messages import Error, Goodbye

SHORTEST_WAIT = 0.05
"""Seconds. A goodbye that asks for less asks for none: the back-off knows better than to come back
at once, hundreds of times a second, for as long as it is said goodbye to."""

LONGEST_WAIT = 3600.0
"""Seconds that a server may keep us away: beyond, a slip of its hand would do so for ever."""


class End(Struct, frozen=True):
    """The end of a link, or of an attempt to make one.

    Attributes:
        reason: Words for people.
        reconnect: Whether coming back can help.
        goodbye: The server's, where it said one.
        error: The server's refusal, where one led to the end.
        absent: Nobody was there to make a link to.
    """

    reason: str
    reconnect: bool = True
    goodbye: Goodbye | None = None
    error: Error | None = None
    absent: bool = False


def end_of(goodbye: Goodbye, last_error: Error | None) -> End:
    """The end that a goodbye makes; `last_error` belongs to it where it names the same thing."""
    error = last_error if last_error and last_error.code == goodbye.reason else None
    return End(
        reason=error.message if error else words_of(goodbye),
        reconnect=goodbye.reconnect,
        goodbye=goodbye,
        error=error,
    )


def words_of(goodbye: Goodbye) -> str:
    """Return the reason of a goodbye, with the server's sentence for people if it has one."""
    message = f": {goodbye.message}" if goodbye.message else ""
    return f"the server said goodbye: {goodbye.reason}{message}"


def refusal_alone(error: Error | None) -> End:
    """The end when no goodbye follows a refusal: only a `retry_after` says to come back."""
    again = error is not None and error.retry_after is not None
    return End(error.message if error else "refused", reconnect=again, error=error)


def pause_after(end: End, pauses: Iterator[float]) -> float:
    """Seconds to wait before the next attempt.

    A goodbye's `retry_after` is kept to exactly: the server has spread its clients out itself, and
    more jitter would undo it. An error's is the same for everyone, so the jitter comes on top.
    """
    exactly = end.goodbye.retry_after if end.goodbye else None
    if _usable(exactly) and exactly >= SHORTEST_WAIT:
        return min(exactly, LONGEST_WAIT)
    after = end.error.retry_after if end.error else None
    return (min(after, LONGEST_WAIT) if _usable(after) else 0.0) + next(pauses)


def error_of(end: End, server: str, *, reached: bool) -> LastseenError:
    """The error for a caller when nothing more will be tried."""
    if end.error:
        return Refused(end.error.code, end.error.message, end.error.retry_after)
    if not reached:
        return ConnectFailed(f"could not connect to {server}: {end.reason}", absent=end.absent)
    if end.goodbye:
        return Ended(end.goodbye.reason, end.goodbye.message)
    return Ended(end.reason)


def _usable(seconds: float | None) -> TypeGuard[float]:
    """The wire allows any float; only these can be waited for."""
    return seconds is not None and math.isfinite(seconds) and seconds >= 0
