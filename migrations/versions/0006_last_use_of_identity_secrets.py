"""The day on which an identity secret last signed somebody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column that the release still running does not know."""
    op.add_column("identity_secrets", sa.Column("last_used_day", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("identity_secrets", "last_used_day")
