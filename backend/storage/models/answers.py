"""Decisions, tickets and responses: who was asked, why, and what they said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.storage.models.base import Base, PublicId
from backend.storage.models.triage import Triage


class Decision(Base):
    """One answer to "may this person be asked now?", with every gate's values."""

    __tablename__ = "decisions"
    __table_args__ = (
        Index("ix_decisions_project_id_at", "project_id", "at"),
        Index("ix_decisions_user_key_at", "user_key", "at"),
    )

    id: Mapped[PublicId]
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    user_key: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.key"))
    at: Mapped[datetime]
    is_shown: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(String(40))
    survey_id: Mapped[str | None] = mapped_column(ForeignKey("surveys.id"))
    version: Mapped[int | None]
    admission_probability: Mapped[float | None]
    is_manual: Mapped[bool]
    page: Mapped[str] = mapped_column(String(200))
    evaluations: Mapped[list[Any]]


class Ticket(Base):
    """Leave to answer once, by revisions; `context` is what the answer will carry."""

    __tablename__ = "tickets"
    __table_args__ = (
        Index("ix_tickets_account_key_issued_at", "account_key", "survey_id", "issued_at"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"))
    survey_id: Mapped[str] = mapped_column(ForeignKey("surveys.id"))
    version: Mapped[int]
    user_key: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.key"), index=True)
    account_key: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("accounts.key"))
    wave: Mapped[int]
    context: Mapped[dict[str, Any]]
    admission_probability: Mapped[float | None]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Response(Base):
    """What came back with one ticket. A response counts once its `score` or answers are there.

    `wave` numbers the user's answers to the survey and is set with the first answer, so that the
    unique constraint lets one answer of a wave through whatever arrives at the same time.
    `features` and `pages` are packed name ids of the usage before the invitation; `profiled_at`
    is null while the profile is to be (re)computed. `active_percentile` is the share of active
    users with as many active days or fewer, `active_midrank` counts equals half.
    """

    __tablename__ = "responses"
    __table_args__ = (
        UniqueConstraint("ticket_hash"),
        UniqueConstraint("user_key", "survey_id", "wave"),
        Index("ix_responses_project_id_answered_at", "project_id", "answered_at"),
        Index("ix_responses_profiled_at", "profiled_at"),
        # Insights ask "what changed since?" every few seconds.
        Index("ix_responses_project_id_updated_at", "project_id", "updated_at"),
    )

    id: Mapped[PublicId]
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    ticket_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"))
    survey_id: Mapped[str] = mapped_column(ForeignKey("surveys.id"), index=True)
    version: Mapped[int]
    user_key: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.key"))
    account_key: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("accounts.key"), index=True
    )
    wave: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int]
    score: Mapped[int | None]
    comment: Mapped[str | None] = mapped_column(Text)
    answers: Mapped[dict[str, Any]]
    role: Mapped[str | None] = mapped_column(String(200))
    plan: Mapped[str | None] = mapped_column(String(200))
    page: Mapped[str] = mapped_column(String(200))
    language: Mapped[str | None] = mapped_column(String(35))
    app_version: Mapped[str | None] = mapped_column(String(200))
    device: Mapped[str | None] = mapped_column(String(16))
    traits: Mapped[dict[str, Any]]
    is_verified: Mapped[bool]
    is_manual: Mapped[bool]
    is_test: Mapped[bool]
    admission_probability: Mapped[float | None]
    invited_at: Mapped[datetime]
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    profiled_at: Mapped[datetime | None]
    active_days: Mapped[int | None]
    active_percentile: Mapped[float | None]
    active_midrank: Mapped[float | None]
    features: Mapped[bytes | None] = mapped_column(LargeBinary)
    pages: Mapped[bytes | None] = mapped_column(LargeBinary)
    # One more query for a whole page of answers.
    triage: Mapped[Triage | None] = relationship(
        lazy="selectin", cascade="all, delete-orphan", passive_deletes=True
    )
