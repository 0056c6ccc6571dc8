"""What is told to whom: deliveries, standings, silences, broken channels."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
JSON = sa.Text()
MOMENT = sa.BigInteger()  # microseconds since 1970


def upgrade() -> None:
    """Make them, empty: what happened before has been told to nobody, and is not told now."""
    _deliveries()
    _standings()
    op.create_table(
        "silences",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("client", TEXT),
        sa.Column("group", TEXT),
        _required("since", MOMENT),
        _required("until", MOMENT),
        _required("reason", TEXT),
        sqlite_autoincrement=True,  # who ends silence 7 means the one that was seen as 7
    )
    op.create_table(
        "broken_channels",
        sa.Column("channel", TEXT, primary_key=True),
        _required("since", MOMENT),
        _required("why", TEXT),
        _required("settings", TEXT),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", KEY, primary_key=True),
        *(_required(name, TEXT) for name in ("key", "channel", "kind", "client_id")),
        _required("notice", JSON),
        *(_required(name, MOMENT) for name in ("created_at", "due_at")),
        _required("epoch", TEXT),
        _required("number", sa.BigInteger()),
        _required("state", TEXT),
        _required("attempts", sa.Integer()),
        *(_required(name, TEXT) for name in ("message", "error")),
        sa.Column("settled_at", MOMENT),
        sa.Column("event_id", sa.BigInteger()),
        _required("foremost", sa.Boolean()),
        sqlite_autoincrement=True,  # an id is a place in the order of telling: never used again
    )
    op.create_index("deliveries_key", "deliveries", ["key"], unique=True)
    op.create_index("deliveries_of_client", "deliveries", ["client_id", "channel", "id"])
    op.create_index("deliveries_of_channel", "deliveries", ["channel", "id"])
    op.create_index("deliveries_by_age", "deliveries", ["created_at"])
    # Of a million deliveries most are sent: they are in none of these.
    pending = "state = 'pending'"
    due = f"{pending} AND message = '' AND foremost"
    _partial_index("deliveries_due", ["channel", "due_at", "id"], due)
    _partial_index("deliveries_in_line", ["channel", "client_id", "id"], pending)
    _partial_index("deliveries_by_message", ["channel", "message", "id"], pending)
    _partial_index("deliveries_unsent", ["state", "channel", "id"], "state <> 'sent'")


def _standings() -> None:
    op.create_table(
        "standings",
        sa.Column("client_id", TEXT, primary_key=True),
        sa.Column("channel", TEXT, primary_key=True),
        _required("said", TEXT),
        _required("offline", sa.Boolean()),
        _required("changed_at", MOMENT),
        _required("notice", JSON),
        sa.Column("since", MOMENT),
        *(_required(name, TEXT) for name in ("muted", "held")),
        _required("held_until", MOMENT),
        sa.Column("remind_at", MOMENT),
        _required("epoch", TEXT),
        _required("number", sa.BigInteger()),
    )
    op.create_index("standings_by_age", "standings", ["changed_at"])


def _required(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _partial_index(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "deliveries", columns, sqlite_where=where, postgresql_where=where)
