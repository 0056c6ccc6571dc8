"""The deadline of a heartbeat counts from the heartbeat, whatever restarts lie in between.

The server's awake time of all runs begins at 0 with this version, and each heartbeat known so far
counts as heard at 0: its whole timeout begins once more, when the server starts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns, all of them in microseconds."""
    op.add_column("clients", sa.Column("every", sa.BigInteger()))
    op.add_column("clients", _zero("heard_awake"))
    op.add_column("runs", _zero("awake"))


def _zero(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
