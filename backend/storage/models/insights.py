"""What insights know beside the answers: releases on the trend, and a project's own choices."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.models.base import Base, PublicId, ShortText


class Release(Base):
    """A marker on the trend: something the project changed for its users."""

    __tablename__ = "releases"
    __table_args__ = (Index("ix_releases_project_id_at", "project_id", "at"),)

    id: Mapped[PublicId]
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[ShortText]
    at: Mapped[datetime]
    created_at: Mapped[datetime]


class Segment(Base):
    """A group of people under a name: an audience rule, which surveys take a copy of."""

    __tablename__ = "segments"
    __table_args__ = (UniqueConstraint("project_id", "name", name="uq_segments_project_id_name"),)

    id: Mapped[PublicId]
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[ShortText]
    audience: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class InsightSettings(Base):
    """How one project wants its answers read; a project without a row has the defaults.

    `themes` are rules for comments, `role_weights` weigh an account's people, `key_roles` are
    those whose unhappiness is worth a call, `value_trait` is the account trait that holds its
    worth (revenue, seats).
    """

    __tablename__ = "insight_settings"

    project_id: Mapped[str] = mapped_column(String(32), ForeignKey("projects.id"), primary_key=True)
    themes: Mapped[list[Any]]
    role_weights: Mapped[dict[str, Any]]
    key_roles: Mapped[list[Any]]
    value_trait: Mapped[ShortText]
    revision: Mapped[int]
    updated_at: Mapped[datetime]
