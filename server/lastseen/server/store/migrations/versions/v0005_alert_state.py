"""What a channel knew before an outage that is held back, and the thread of its messages."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns: of outages that are held back just now, the channel knows nothing."""
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    for name, default in (("knew", "online"), ("thread", "")):
        op.add_column("standings", sa.Column(name, text, nullable=False, server_default=default))
