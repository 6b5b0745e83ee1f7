"""The host's people and companies, with what a decision must read in one row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.models.base import Base, Key, KeyRef, ShortText


class Account(Base):
    """A company of the host's."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("project_id", "account_id"),)

    key: Mapped[Key]
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    account_id: Mapped[ShortText]
    traits: Mapped[dict[str, Any]]
    first_seen_at: Mapped[datetime]


class User(Base):
    """A user of the host's, or an anonymous browser.

    `traits` come from servers or signed tokens only; what a page claims stays with the answer.
    `activity_bits` has bit i set when the user was active on `activity_day - i` (62 days);
    `recent_use` packs (name id, last day) pairs (`domain/events.py`), so that a decision
    never looks at usage rows.
    """

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("project_id", "user_id", "is_anonymous"),)

    key: Mapped[Key]
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    user_id: Mapped[ShortText]
    is_anonymous: Mapped[bool]
    account_key: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("accounts.key"), index=True
    )
    traits: Mapped[dict[str, Any]]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    last_shown_at: Mapped[datetime | None]
    last_invited_at: Mapped[datetime | None]
    open_ticket_until: Mapped[datetime | None]
    activity_day: Mapped[int] = mapped_column(default=0)
    activity_bits: Mapped[int] = mapped_column(BigInteger, default=0)
    recent_use: Mapped[bytes] = mapped_column(LargeBinary, default=b"")


class UserSurvey(Base):
    """What one user did with one survey: the clocks that rests are anchored on."""

    __tablename__ = "user_surveys"

    user_key: Mapped[KeyRef] = mapped_column(ForeignKey("users.key"), primary_key=True)
    survey_id: Mapped[str] = mapped_column(ForeignKey("surveys.id"), primary_key=True)
    shown_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    later_at: Mapped[datetime | None]
    last_score: Mapped[int | None]
    answers: Mapped[int]
