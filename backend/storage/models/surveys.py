"""Surveys: what may change at once, and the published wording that may not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.models.base import Base, PublicId, ShortText


class Survey(Base):
    """A survey with its draft content and the knobs that act at once."""

    __tablename__ = "surveys"

    id: Mapped[PublicId]
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    name: Mapped[ShortText]
    status: Mapped[str] = mapped_column(String(16))
    priority: Mapped[int]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    content: Mapped[dict[str, Any]]
    targeting: Mapped[dict[str, Any]]
    sampling: Mapped[dict[str, Any]]
    rests: Mapped[dict[str, Any]]
    limits: Mapped[dict[str, Any]]
    published_version: Mapped[int | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int]


class SurveyVersion(Base):
    """One published wording, never changed afterwards."""

    __tablename__ = "survey_versions"

    survey_id: Mapped[str] = mapped_column(ForeignKey("surveys.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    published_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]


class SurveyDay(Base):
    """How many tickets a survey gave out on a day, kept while it has a daily budget.

    `refused` counts who would have been asked but for the budget: above 0 it bound that day.
    """

    __tablename__ = "survey_days"

    survey_id: Mapped[str] = mapped_column(ForeignKey("surveys.id"), primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    asked: Mapped[int]
    refused: Mapped[int] = mapped_column(default=0, server_default="0")
