"""Releases on the trend, and how a project wants its answers read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two tables that the release still running does not know."""
    op.create_table(
        "releases",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_releases_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
    )
    op.create_index("ix_releases_project_id_at", "releases", ["project_id", "at"], unique=False)
    op.create_table(
        "insight_settings",
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("themes", sa.JSON(), nullable=False),
        sa.Column("role_weights", sa.JSON(), nullable=False),
        sa.Column("key_roles", sa.JSON(), nullable=False),
        sa.Column("value_trait", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_insight_settings_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_insight_settings")),
    )


def downgrade() -> None:
    """Drop both tables; their rows are gone."""
    op.drop_table("insight_settings")
    op.drop_index("ix_releases_project_id_at", table_name="releases")
    op.drop_table("releases")
