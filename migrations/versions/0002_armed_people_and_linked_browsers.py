"""People armed by a server's event, browsers linked to a user, days a budget bound."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; all of them may be empty, so the release still running goes on."""
    op.add_column("users", sa.Column("armed", sa.JSON(), nullable=True))
    op.add_column("users", sa.Column("linked_to", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_users_linked_to",
        "users",
        ["linked_to"],
        sqlite_where=sa.text("linked_to IS NOT NULL"),
        postgresql_where=sa.text("linked_to IS NOT NULL"),
    )
    op.add_column(
        "survey_days", sa.Column("refused", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    """Take the columns away."""
    op.drop_column("survey_days", "refused")
    op.drop_index("ix_users_linked_to", table_name="users")
    op.drop_column("users", "linked_to")
    op.drop_column("users", "armed")
