"""Rows waiting for a usage store of its own, the catalogue of features, page views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add two tables that the release still running does not know."""
    op.create_table(
        "waiting_usage",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("batch_key", sa.String(length=300), nullable=False),
        sa.Column("is_erasure", sa.Boolean(), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_usage")),
    )
    op.create_table(
        "catalogue",
        sa.Column("name_id", _KEY, autoincrement=False, nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("is_hidden", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["name_id"], ["names.id"], name=op.f("fk_catalogue_name_id")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_catalogue_project_id")
        ),
        sa.PrimaryKeyConstraint("name_id", name=op.f("pk_catalogue")),
    )
    op.create_index("ix_catalogue_project_id", "catalogue", ["project_id"], unique=False)
    op.add_column(
        "projects",
        sa.Column("page_views", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Room on each page for the next version of a row: updating a person then needs no new
        # index entry (heap-only tuples), and the page is not split.
        op.execute("ALTER TABLE users SET (fillfactor = 80)")
        op.execute("ALTER TABLE usage_days SET (fillfactor = 90)")


def downgrade() -> None:
    """Drop both tables; rows still waiting are lost."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE usage_days RESET (fillfactor)")
        op.execute("ALTER TABLE users RESET (fillfactor)")
    op.drop_column("projects", "page_views")
    op.drop_index("ix_catalogue_project_id", table_name="catalogue")
    op.drop_table("catalogue")
    op.drop_table("waiting_usage")
