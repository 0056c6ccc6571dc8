"""What an export has of telling, into a store, so that nothing is told again and nothing forgotten:
statements inside the caller's transaction.
"""

from collections.abc import Sequence

from msgspec import structs
from sqlalchemy import Connection, Table

from lastseen.server.store import ledger, pending, silences, standings
from lastseen.server.store.columns import storable
from lastseen.server.store.errors import TransferFailed
from lastseen.server.store.lines import (
    BrokenLine,
    DeliveryLine,
    SilenceLine,
    StandingLine,
    TellingRow,
)
from lastseen.server.store.sql import insert_into
from lastseen.server.store.tables import BROKEN_CHANNELS, DELIVERIES, SILENCES


def restore(connection: Connection, rows: Sequence[TellingRow]) -> None:
    """Add some rows, of any kinds.

    Raises:
        TransferFailed: The store has deliveries or silences of its own.
    """
    _deliveries(connection, [row for row in rows if isinstance(row, DeliveryLine)])
    _standings(connection, [row for row in rows if isinstance(row, StandingLine)])
    _silences(connection, [row for row in rows if isinstance(row, SilenceLine)])
    _broken(connection, [row for row in rows if isinstance(row, BrokenLine)])


def _deliveries(connection: Connection, lines: Sequence[DeliveryLine]) -> None:
    """Deliveries keep their ids, which are their order. One that is known stays as it is: it may
    have been sent since.
    """
    if not lines:
        return
    pending.hold_order(connection)
    found = ledger.keys_of(connection, [line.id for line in lines])
    for line in lines:
        if found.setdefault(line.id, storable(line.key)) != storable(line.key):
            raise _strange("delivery", line.id)
    insert = insert_into(connection, DELIVERIES).values(foremost=False).on_conflict_do_nothing()
    connection.execute(insert, [structs.asdict(line) for line in lines])
    pending.reform(connection, {(line.channel, line.client_id) for line in lines})


def _standings(connection: Connection, lines: Sequence[StandingLine]) -> None:
    """Of one channel and client, what changed last counts."""
    standings.upsert(connection, lines, newer=True)


def _silences(connection: Connection, lines: Sequence[SilenceLine]) -> None:
    if not lines:
        return
    found = {silence.id: silence.client for silence in silences.every(connection)}
    for line in lines:
        if line.id in found and found[line.id] != line.client:
            raise _strange("silence", line.id)
    _insert(connection, SILENCES, lines)


def _broken(connection: Connection, lines: Sequence[BrokenLine]) -> None:
    """What this store says of a channel stays."""
    if lines:
        _insert(connection, BROKEN_CHANNELS, lines)


def _insert(connection: Connection, table: Table, lines: Sequence[TellingRow]) -> None:
    statement = insert_into(connection, table).on_conflict_do_nothing()
    connection.execute(statement, [structs.asdict(line) for line in lines])


def _strange(what: str, number: int) -> TransferFailed:
    return TransferFailed(
        f"{what} {number} of the file is not {what} {number} of the store: what was told can be "
        "imported into an empty store, or into the one that it came from"
    )
