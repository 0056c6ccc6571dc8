"""Times as people say them. Pure."""

from datetime import datetime, tzinfo

import pendulum

UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def span(seconds: float) -> str:
    """How long something took, by its two largest units: `2 hours 5 minutes`."""
    rest = max(0, round(seconds))
    counts: list[tuple[int, str]] = []
    for unit, length in UNITS:
        count, rest = divmod(rest, length)
        if count or counts or length == 1:
            counts.append((count, unit))
    return " ".join(_counted(count, unit) for count, unit in counts[:2] if count) or "0 seconds"


def moment(unix: float, zone: tzinfo) -> str:
    """An exact time by the clocks of a time zone: `2026-11-22 14:05:09 CET`."""
    return datetime.fromtimestamp(unix, zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def ago(unix: float, now: float) -> str:
    """How long ago something was: `3 minutes ago`."""
    then = pendulum.from_timestamp(min(unix, now))
    return f"{then.diff_for_humans(pendulum.from_timestamp(now), absolute=True)} ago"


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
