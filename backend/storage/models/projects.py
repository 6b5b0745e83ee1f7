"""Projects and what opens them: keys, tokens, identity secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.models.base import Base, PublicId, ShortText


class Project(Base):
    """One product that asks: the unit of isolation."""

    __tablename__ = "projects"

    id: Mapped[PublicId]
    name: Mapped[ShortText]
    timezone: Mapped[str] = mapped_column(String(64))
    is_enabled: Mapped[bool]
    is_demo: Mapped[bool]
    identity_mode: Mapped[str] = mapped_column(String(16))
    excludes_unverified: Mapped[bool]
    allowed_origins: Mapped[list[Any]]
    page_rules: Mapped[list[Any]]
    page_views: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int]
    # How often people were removed: keys of theirs that somebody remembers are looked up again.
    people_removed: Mapped[int] = mapped_column(default=0, server_default="0")


class ApiKey(Base):
    """A publishable key (kept as it is) or a secret key (kept as a hash)."""

    __tablename__ = "api_keys"

    id: Mapped[PublicId]
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    token: Mapped[str | None] = mapped_column(String(64), unique=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    prefix: Mapped[str] = mapped_column(String(8))
    suffix: Mapped[str] = mapped_column(String(4))
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_day: Mapped[int | None]


class AdminToken(Base):
    """A bearer token of the admin plane; without a project it opens every one.

    `member_id` is who made it: it may never do more than that member, and ends with them. Null
    where another token or the command line made it. No foreign key: the row outlives the member.
    """

    __tablename__ = "admin_tokens"

    id: Mapped[PublicId]
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id"), index=True)
    name: Mapped[ShortText]
    role: Mapped[str] = mapped_column(String(16))
    scopes: Mapped[list[Any]]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    prefix: Mapped[str] = mapped_column(String(8))
    suffix: Mapped[str] = mapped_column(String(4))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_day: Mapped[int | None]
    member_id: Mapped[str | None] = mapped_column(String(32))


class IdentitySecret(Base):
    """A secret with which the host signs who its user is; encrypted at rest."""

    __tablename__ = "identity_secrets"

    id: Mapped[PublicId]
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    secret_encrypted: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_day: Mapped[int | None]
