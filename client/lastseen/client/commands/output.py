"""Words for people and JSON for programs: hostile text made harmless, times, durations. Pure.

Names, notes and hostnames are whatever a client said. A terminal obeys control characters, so that
nothing of a client's is printed without `safe`.
"""

import re
import unicodedata
from datetime import UTC, datetime

import msgspec

from lastseen.shared import durations

_JOINERS = "\u200c\u200d"  # they only join letters, and many emoji are made with them
_FORBIDDEN = {
    "Cc",
    "Cf",
    "Cs",
    "Zl",
    "Zp",
}  # control, format (bidi too), lone surrogates, separators

_UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))

_JSON_HOSTILE = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What JSON need not escape and a terminal may obey."""


def safe(text: str) -> str:
    r"""`text` with whatever a terminal might obey written as an escape: `\x1b`, `\u202e`."""
    if text.isprintable():
        return text
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _FORBIDDEN:
        return character
    return character.encode("unicode_escape").decode()


def to_json(value: object) -> str:
    """One line of JSON; times are ISO 8601 in UTC with a Z."""
    text = msgspec.json.encode(value).decode()
    return _JSON_HOSTILE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def utc_now() -> datetime:
    """The wall clock, for showing."""
    return datetime.now(UTC)


def clock(moment: datetime) -> str:
    """`14:02:11`, in the time zone that `moment` has."""
    return moment.strftime("%H:%M:%S")


def stamp(moment: datetime) -> str:
    """`2026-11-22 14:02:11`, in the time zone that `moment` has."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def seconds(duration: float) -> str:
    """`60 s`, `1.2 s`: a short duration, in seconds, with one decimal where it has one."""
    return f"{duration:.1f}".removesuffix(".0") + " s"


def ago(moment: datetime, now: datetime) -> str:
    """How long before `now` that was, rounded down: `4 seconds ago`, `6 days ago`.

    A moment after `now` is `now`: two machines' clocks never agree to the second.
    """
    return durations.ago((now - moment).total_seconds())


def short_duration(duration: float) -> str:
    """A duration in seconds, in its largest unit and the next: `1 d 2 h`, `3 h 12 min`, `4 min`."""
    if duration < 1:
        return seconds(duration)
    parts, rest = [], int(duration)
    for unit, length in _UNITS:
        number, rest = divmod(rest, length)
        parts.append(f"{number} {unit}" if number else "")
    first = next(index for index, part in enumerate(parts) if part)
    return " ".join(filter(None, parts[first : first + 2]))


def long_duration(duration: float) -> str:
    """A duration in seconds as `1 hour 58 minutes 20 seconds`."""
    import pendulum

    return pendulum.duration(seconds=int(duration)).in_words() if duration >= 1 else "0 seconds"
