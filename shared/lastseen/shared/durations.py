"""Durations and ages in words, for everything that people read. Pure.

One rule holds everywhere, also on the page (`times.js`): a number is rounded down, so that nothing
looks older or longer than it is, and days are the largest unit. "2 weeks" for 11 days and "1 year"
for 355 days, as libraries say them, are wrong by days.
"""

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def in_words(seconds: float) -> str:
    """A duration in its largest unit, rounded down: `6 days`, `1 minute`, `0 seconds`."""
    return _words(seconds, units=1)


def precisely(seconds: float) -> str:
    """A duration in its two largest units, rounded down: `2 hours 5 minutes`, `1 day`."""
    return _words(seconds, units=2)


def ago(seconds: float) -> str:
    """The age of something: `3 minutes ago`; `now` for less than a second, or for the future.

    Two machines' clocks never agree to the second, so a moment may lie ahead of `now`.
    """
    return f"{in_words(seconds)} ago" if seconds >= 1 else "now"


def _words(seconds: float, units: int) -> str:
    rest = max(0, int(seconds))
    counts: list[tuple[int, str]] = []
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        if count or counts:
            counts.append((count, unit))
    shown = [_counted(count, unit) for count, unit in counts[:units] if count]
    return " ".join(shown) or "0 seconds"


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
