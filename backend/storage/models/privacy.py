"""Who was erased, as hashes: enough to refuse what comes late, too little to know anybody by."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.models.base import Base


class ErasedPerson(Base):
    """An id that must not come back: its HMAC under the installation's key.

    `after_key` is the lowest key that a row made since the erasure can have, so that late ones
    are found without looking at everybody.
    """

    __tablename__ = "erased_people"

    project_id: Mapped[str] = mapped_column(String(32), ForeignKey("projects.id"), primary_key=True)
    id_hmac: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    mode: Mapped[str] = mapped_column(String(16))
    erased_at: Mapped[datetime]
    after_key: Mapped[int] = mapped_column(BigInteger)


class ErasedTicket(Base):
    """The hash of a ticket whose person was erased while it could still be used."""

    __tablename__ = "erased_tickets"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    erased_at: Mapped[datetime] = mapped_column(index=True)


class InstallationKey(Base):
    """A key of the whole installation, encrypted."""

    __tablename__ = "installation_keys"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value_encrypted: Mapped[bytes] = mapped_column(LargeBinary)


class PrivacySettings(Base):
    """How long one project keeps what, in days; a project without a row has the defaults."""

    __tablename__ = "privacy_settings"

    project_id: Mapped[str] = mapped_column(String(32), ForeignKey("projects.id"), primary_key=True)
    events_days: Mapped[int]
    decisions_days: Mapped[int]
    responses_days: Mapped[int | None]
    respects_dnt: Mapped[bool]
    revision: Mapped[int]
