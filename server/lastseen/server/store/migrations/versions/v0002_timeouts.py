"""Clients without a link have a timeout of their own, which a restart must know."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; nobody known so far has one."""
    op.add_column("clients", sa.Column("timeout", sa.BigInteger()))  # microseconds
