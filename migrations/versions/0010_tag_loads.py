"""Keep when a page with the tag was seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table of its own: the release still running does not know of it."""
    op.create_table(
        "tag_loads",
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=300), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_tag_loads_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_tag_loads")),
    )


def downgrade() -> None:
    """Drop it; pages are seen again with their next load."""
    op.drop_table("tag_loads")
