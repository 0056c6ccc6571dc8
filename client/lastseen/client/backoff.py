"""How long to wait before trying again: full jitter, so that who fell together comes back apart.

Each pause is drawn evenly from zero to a ceiling that doubles. With a fixed or lightly jittered
pause, thousands of clients that one restart cut off would return in waves.
"""

from collections.abc import Callable, Iterator

FIRST_CEILING = 0.5
"""Seconds: a server that restarts is back within about this (docs/protocol.md)."""

LONGEST_CEILING = 20.0
"""Seconds: nobody should wait longer than this for a server that is back (docs/protocol.md)."""


def full_jitter(
    random: Callable[[], float],
    first: float = FIRST_CEILING,
    longest: float = LONGEST_CEILING,
) -> Iterator[float]:
    """Pauses in seconds, without end. `random` gives numbers from 0 to 1."""
    ceiling = first
    while True:
        yield random() * ceiling
        ceiling = min(2 * ceiling, longest)
