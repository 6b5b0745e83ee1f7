"""The audit log: who changed what, from what to what. No route edits or deletes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.models.base import Base, Key


class AuditEntry(Base):
    """One change. `actor` is the id of the token that made it, or `cli`.

    `changes` maps each member changed to `[old, new]`; it never holds a secret.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_project_id_key", "project_id", "key"),)

    key: Mapped[Key]
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id"))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(64))
    changes: Mapped[dict[str, Any]]
