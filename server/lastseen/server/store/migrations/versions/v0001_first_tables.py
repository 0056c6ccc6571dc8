"""The first tables: clients, events, runs, settings.

Written out, not taken from `tables`: this is what was made then, whatever tables look like now.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
JSON = sa.Text()
MOMENT = sa.BigInteger()  # microseconds since 1970


def upgrade() -> None:
    """Make everything."""
    _clients()
    _events()
    op.create_table(
        "runs",
        sa.Column("id", KEY, primary_key=True),
        _required("epoch", TEXT),
        _required("started_at", MOMENT),
        _required("heartbeat_at", MOMENT),
        _required("clean", sa.Boolean()),
    )
    op.create_index("runs_epoch", "runs", ["epoch"])
    op.create_table("settings", sa.Column("key", TEXT, primary_key=True), _required("value", JSON))


def _clients() -> None:
    texts = ("name", "hostname", "ip", "via", "user_name", "nickname", "avatar")
    op.create_table(
        "clients",
        sa.Column("id", KEY, primary_key=True),
        _required("client_id", TEXT),
        *(_required(name, TEXT) for name in texts),
        _required("port", sa.Integer()),
        _required("groups", JSON),
        _required("meta", JSON),
        _required("availability", TEXT),
        _required("note", TEXT),
        *(_required(name, MOMENT) for name in ("last_seen", "first_seen", "updated_at")),
        sa.Column("offline_since", MOMENT),
        # Room in each page for the next version of a row, so that a new last_seen, which no index
        # holds, stays beside the old one and no index is written (PostgreSQL's HOT updates).
        postgresql_with={"fillfactor": 80},
    )
    op.create_index("clients_client_id", "clients", ["client_id"], unique=True)
    op.create_index("clients_ip", "clients", ["ip", "client_id"])
    _partial_index("clients_were_online", "client_id", "offline_since IS NULL")
    _partial_index("clients_by_absence", "offline_since", "offline_since IS NOT NULL")


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", KEY, primary_key=True),
        _required("client_id", TEXT),
        *(_required(name, TEXT) for name in ("before", "after", "reason")),
        _required("at", MOMENT),
        _required("last_seen", MOMENT),
        sa.Column("deadline", MOMENT),
        _required("epoch", TEXT),
        sa.Column("number", sa.BigInteger()),
        _required("address", TEXT),
        sqlite_autoincrement=True,  # an id is never used again, even after the newest is forgotten
    )
    op.create_index("events_of_client", "events", ["client_id", "id"])
    op.create_index("events_at", "events", ["at"])
    op.create_index("events_number", "events", ["epoch", "number"], unique=True)


def _required(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _partial_index(name: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "clients", [column], sqlite_where=where, postgresql_where=where)
