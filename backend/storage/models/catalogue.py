"""How admins want the names of features and pages read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.models.base import Base, KeyRef


class CatalogueEntry(Base):
    """One name's place in the catalogue; names with one label are read as one feature.

    Usage is stored under the names as they were sent: a label like the name itself undoes it.
    """

    __tablename__ = "catalogue"

    name_id: Mapped[KeyRef] = mapped_column(
        ForeignKey("names.id"), primary_key=True, autoincrement=False
    )
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    label: Mapped[str] = mapped_column(String(200))
    is_hidden: Mapped[bool]
    changed_at: Mapped[datetime]
