"""What a team does about an answer; no row while nobody has touched it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.models.base import Base


class Triage(Base):
    """How far an answer is followed up, and by whom.

    `tags` has a line feed before and behind each tag, so that a part of the text finds one.
    `assignee_id` outlives the member: who has left is shown as nobody.
    """

    __tablename__ = "triage"

    response_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("responses.id", ondelete="CASCADE"), primary_key=True
    )
    status: Mapped[str] = mapped_column(String(16))
    assignee_id: Mapped[str | None] = mapped_column(String(32))
    tags: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]
    updated_at: Mapped[datetime]
