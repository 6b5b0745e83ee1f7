"""The people of the dashboard: members, their roles, sessions and one-time links."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.models.base import Base, Key, PublicId, ShortText


class Member(Base):
    """Somebody who logs in. `everywhere_role` holds in every project of the installation.

    `totp_step` is the 30-second step of the last second factor taken, so that none is taken twice.
    """

    __tablename__ = "members"

    id: Mapped[PublicId]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[ShortText]
    everywhere_role: Mapped[str | None] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(200))
    totp_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_enabled: Mapped[bool]
    totp_step: Mapped[int]
    created_at: Mapped[datetime]


class Membership(Base):
    """The role of one member in one project."""

    __tablename__ = "memberships"

    project_id: Mapped[str] = mapped_column(String(32), ForeignKey("projects.id"), primary_key=True)
    member_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("members.id"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    revision: Mapped[int]


class DashboardSession(Base):
    """A login. The cookie holds the id, the table its SHA-256 alone."""

    __tablename__ = "sessions"

    id_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("members.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class OneTimeLink(Base):
    """An invitation (with a role) or a password reset (with a member); gone once used."""

    __tablename__ = "one_time_links"

    id: Mapped[PublicId]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id"), index=True)
    member_id: Mapped[str | None] = mapped_column(ForeignKey("members.id"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str | None] = mapped_column(String(16))
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class LoginAttempt(Base):
    """A login of the last minute, by the SHA-256 of its e-mail address, known or not.

    In the database, since several processes must count together.
    """

    __tablename__ = "login_attempts"
    __table_args__ = (Index("ix_login_attempts_account_hash_at", "account_hash", "at"),)

    key: Mapped[Key]
    account_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    at: Mapped[datetime]
