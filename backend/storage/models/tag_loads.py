"""That a page with a project's tag was seen, before any visitor is asked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.models.base import Base


class TagLoad(Base):
    """The latest load of the tag: when, and by a page of which origin (empty when unsaid)."""

    __tablename__ = "tag_loads"

    project_id: Mapped[str] = mapped_column(String(32), ForeignKey("projects.id"), primary_key=True)
    origin: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime]
