"""What `lastseen watch` shows: everyone present, and who has left since it began. Pure."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from lastseen.client.commands.records import count
from lastseen.client.view import Change
from lastseen.shared.messages import ClientRecord

_KEPT = 200
"""Clients that left and are still shown, the latest ones: several screens full."""


class Board:
    """Records by client_id.

    Attributes:
        present: Who is online or late, as the last change left it.
        departed: Who has left since the watch began and not come back, the latest last.
    """

    def __init__(self) -> None:
        self.present: dict[str, ClientRecord] = {}
        self.departed: dict[str, ClientRecord] = {}

    def apply(self, change: Change, now: datetime) -> None:
        """Take in a change."""
        for record in (*change.joins, *change.updates):
            self.present[record.client_id] = record
            self.departed.pop(record.client_id, None)
        for record in change.leaves:
            self.present.pop(record.client_id, None)
            self.departed.pop(record.client_id, None)
            self.departed[record.client_id] = gone(record, now)
        while len(self.departed) > _KEPT:
            del self.departed[next(iter(self.departed))]

    def hear(self, records: Iterable[ClientRecord]) -> None:
        """Take over when each client was last seen: pings alone make no diff."""
        for record in records:
            known = self.present.get(record.client_id)
            if known is not None and record.last_seen > known.last_seen:
                self.present[record.client_id] = msgspec.structs.replace(
                    known, last_seen=record.last_seen
                )

    def counts(self) -> dict[str, int]:
        """How many are online, late and (of those that left meanwhile) offline."""
        return count((*self.present.values(), *self.departed.values()))

    def in_order(self) -> list[ClientRecord]:
        """Online first, then late, by client_id; then who has left, the latest first."""
        present = sorted(
            self.present.values(), key=lambda record: (record.status != "online", record.client_id)
        )
        return [*present, *reversed(self.departed.values())]


def gone(record: ClientRecord, now: datetime) -> ClientRecord:
    """The record of a client that left.

    One that was missing from a new snapshot left while nobody watched: since when is unknown.
    """
    if record.status == "offline":
        return record
    return msgspec.structs.replace(record, status="offline", since=now)
