"""The host's people and companies, with what a decision must read in one row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint, text
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
    never looks at usage rows. `armed` has, by survey and event, until when (ms since 1970) an
    event of a server arms the survey for them. `linked_to` is set on an anonymous browser once
    its user is known: the key of that user, whose past has the browser's in it from then on.
    """

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("project_id", "user_id", "is_anonymous"),
        Index(
            "ix_users_linked_to",
            "linked_to",
            sqlite_where=text("linked_to IS NOT NULL"),
            postgresql_where=text("linked_to IS NOT NULL"),
        ),
    )

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
    armed: Mapped[dict[str, Any] | None]
    linked_to: Mapped[int | None] = mapped_column(BigInteger)


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
