"""How a person says since when: `2d`, `12h`, `30min`, or an ISO 8601 time. Pure."""

from datetime import datetime

from lastseen.client.commands.lengths import length
from lastseen.client.commands.output import safe
from lastseen.client.commands.usage import UsageError


def moment(text: str, now: datetime) -> datetime:
    """The moment that `text` means; a time without a zone is local, a day begins at midnight.

    Raises:
        UsageError: It means none, or one that is still to come.
    """
    try:
        found = _before(text, now) or datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):  # the last two: beyond what a calendar holds
        raise UsageError(
            "--since: expected how long ago, like 2d, 12h or 30min, or a time like "
            f"2026-11-22T14:00, got '{safe(text)}'"
        ) from None
    if found > now:
        raise UsageError(f"--since: expected a time in the past, got '{safe(text)}'")
    return found


def _before(text: str, now: datetime) -> datetime | None:
    ago = length(text)
    return None if ago is None else now - ago
