"""Moments as people read them. Pure."""

from datetime import datetime, tzinfo


def moment(unix: float, zone: tzinfo) -> str:
    """An exact time by the clocks of a time zone: `2026-11-22 14:05:09 CET`."""
    return datetime.fromtimestamp(unix, zone).strftime("%Y-%m-%d %H:%M:%S %Z")
