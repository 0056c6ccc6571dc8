"""What happens on the LAN, as sentences for people and as JSON. Pure."""

from datetime import datetime
from typing import Any

from lastseen.client.announcer import Sighting
from lastseen.client.commands.output import safe
from lastseen.shared.ipmsg.entry import Entry
from lastseen.shared.version import VERSION

PROGRAM = f"1_lastseen {VERSION}"
"""Our version field: the `1` is the protocol's."""

_ENDS = {"left": "has left", "silent": "is silent"}


def greeting(me: Entry, port: int) -> str:
    """The first line."""
    return f"a member of the local network as {who(me)}, UDP port {port}"


def sighting(found: Sighting) -> str:
    """One line, without the time."""
    name = f"{who(found.entry)} at {found.address}"
    if found.kind != "here":
        return f"{name} {_ENDS[found.kind]}"
    if not found.entry.away:
        return f"{name} is here"
    return f"{name} is away" + (f": {safe(found.entry.note)}" if found.entry.note else "")


def who(entry: Entry) -> str:
    """`Ann (Lab)`."""
    name = safe(entry.nickname or entry.user or "somebody")
    return f"{name} ({safe(entry.group)})" if entry.group else name


def sighting_to_dict(found: Sighting, now: datetime) -> dict[str, Any]:
    """With its `type` and `time`, as docs/lan.md states it."""
    entry = found.entry
    return {
        "type": found.kind,
        "time": now,
        "address": found.address,
        "user": entry.user,
        "host": entry.host,
        "nickname": entry.nickname,
        "group": entry.group,
        "away": entry.away,
        "note": entry.note,
    }
