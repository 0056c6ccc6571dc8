"""What keeps channels quiet: silences, and channels that are broken. Statements inside the caller's
transaction.
"""

from collections.abc import Sequence

from msgspec import structs
from sqlalchemy import Connection, delete, select, update

from lastseen.server.store.sql import changed, insert_into
from lastseen.server.store.sql import structs as read
from lastseen.server.store.tables import BROKEN_CHANNELS, SILENCES
from lastseen.server.store.telling import BrokenChannel, Silence

SILENCE_FIELDS = Silence.__struct_fields__
BROKEN_FIELDS = BrokenChannel.__struct_fields__

_SILENCES = select(*(SILENCES.c[name] for name in SILENCE_FIELDS)).order_by(SILENCES.c.id)
_BROKEN = select(*(BROKEN_CHANNELS.c[name] for name in BROKEN_FIELDS)).order_by(
    BROKEN_CHANNELS.c.channel
)


def every(connection: Connection) -> list[Silence]:
    """All silences, expired ones too until they are forgotten; they are few."""
    return read(Silence, connection.execute(_SILENCES))


def add(connection: Connection, silence: Silence) -> Silence:
    """Add one; returns it as it is kept, with its id."""
    row = {name: value for name, value in structs.asdict(silence).items() if name != "id"}
    insert = insert_into(connection, SILENCES).values(row)
    columns = [SILENCES.c[name] for name in SILENCE_FIELDS]
    [added] = read(Silence, connection.execute(insert.returning(*columns)))
    return added


def move(connection: Connection, silences: Sequence[Silence]) -> None:
    """Give silences the begin and the end that these have."""
    for silence in silences:
        times = {"since": silence.since, "until": silence.until}
        connection.execute(update(SILENCES).where(SILENCES.c.id == silence.id).values(times))


def remove(connection: Connection, silence_id: int) -> bool:
    """End one; whether it was there."""
    return changed(connection, delete(SILENCES).where(SILENCES.c.id == silence_id)) > 0


def remove_before(connection: Connection, moment: float, limit: int) -> int:
    """Forget up to `limit` silences that had expired by then."""
    expired = select(SILENCES.c.id).where(SILENCES.c.until < moment).limit(limit)
    return changed(connection, delete(SILENCES).where(SILENCES.c.id.in_(expired)))


def broken(connection: Connection) -> list[BrokenChannel]:
    """The channels that are broken."""
    return read(BrokenChannel, connection.execute(_BROKEN))


def mark_broken(connection: Connection, channel: BrokenChannel) -> None:
    """A channel is broken; what was known of it before is overwritten."""
    insert = insert_into(connection, BROKEN_CHANNELS).values(structs.asdict(channel))
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["channel"],
            set_={name: insert.excluded[name] for name in BROKEN_FIELDS if name != "channel"},
        )
    )


def mend(connection: Connection, channel: str) -> bool:
    """A channel is not broken any more; whether it was."""
    is_it = BROKEN_CHANNELS.c.channel == channel
    return changed(connection, delete(BROKEN_CHANNELS).where(is_it)) > 0
