"""How a person says how long: `45s`, `30min`, `12h`, `2d`, `1w`. Pure."""

import re
from datetime import timedelta

_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LENGTH = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(s|min|h|d|w)")


def length(text: str) -> timedelta | None:
    """What `text` means; None where it is not said like that.

    Raises:
        OverflowError: Longer than a calendar holds.
    """
    found = _LENGTH.fullmatch(text)
    return timedelta(**{_UNITS[found[2]]: float(found[1])}) if found else None
