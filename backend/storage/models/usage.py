"""Usage: the rollups, the dictionary of names and what keeps a batch from counting twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.models.base import Base, Key, KeyRef, ShortText


class Name(Base):
    """A feature (an event's name) or a page template, by a number that rollups and answers use."""

    __tablename__ = "names"
    __table_args__ = (UniqueConstraint("project_id", "kind", "name"),)

    id: Mapped[Key]
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[ShortText]


class UsageDay(Base):
    """One user's use of one feature or page on one local day.

    `first_ms` is the time of the day of the first use, so that a profile can tell what came
    before an invitation on the same day.
    """

    __tablename__ = "usage_days"
    # Clustered by user and day: a batch touches neighbouring rows whatever is stored already.
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    user_key: Mapped[KeyRef] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name_id: Mapped[KeyRef] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int]
    engaged_ms: Mapped[int] = mapped_column(BigInteger)
    first_ms: Mapped[int]


class PendingUse(Base):
    """What a group of batches says of people's own rows, until those say it too.

    Numbers in a row, little-endian: `people` has each one's key, first and last instant and number
    of uses (64 bits), `uses` the day and name id of each (32 bits), person by person.
    """

    __tablename__ = "pending_use"
    # An id is never given again: what was read by it is still the same, or gone.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[Key]
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    people: Mapped[bytes] = mapped_column(LargeBinary)
    uses: Mapped[bytes] = mapped_column(LargeBinary)


class Batch(Base):
    """A batch's key and what it was answered: the same key again changes nothing."""

    __tablename__ = "batches"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    project_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(index=True)
    result: Mapped[dict[str, Any]]


class SeenMessage(Base):
    """64 bits of the hash of a message id seen in the last 24 hours."""

    __tablename__ = "seen_messages"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    project_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    message_hash: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    received_at: Mapped[datetime] = mapped_column(index=True)
