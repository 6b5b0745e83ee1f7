"""Count where the widget gave in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table of its own: the release still running does not know of it."""
    op.create_table(
        "widget_errors",
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("panel", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("place", sa.String(length=300), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_widget_errors_project_id")
        ),
        sa.PrimaryKeyConstraint(
            "project_id", "panel", "kind", "place", name=op.f("pk_widget_errors")
        ),
    )


def downgrade() -> None:
    """Drop it with all counts."""
    op.drop_table("widget_errors")
