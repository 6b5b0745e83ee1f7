"""Let a busy server write use down first and note it in people's rows a moment later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table of its own and a count: the release still running does not know of them."""
    op.create_table(
        "pending_use",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("people", sa.LargeBinary(), nullable=False),
        sa.Column("uses", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_pending_use_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_use")),
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.name == "postgresql":
        # There for a second: compressing it costs more than it saves.
        for column in ("people", "uses"):
            op.execute(f"ALTER TABLE pending_use ALTER COLUMN {column} SET STORAGE EXTERNAL")
    op.add_column(
        "projects", sa.Column("people_removed", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    """Drop both; what waits then is missing from people's own rows, not from usage."""
    op.drop_column("projects", "people_removed")
    op.drop_table("pending_use")
