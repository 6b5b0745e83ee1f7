"""What waits for a usage store outside the main database."""

from __future__ import annotations

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.models.base import Base, Key


class WaitingUsage(Base):
    """A batch's usage rows until the other store has acknowledged them, or users to forget there.

    `rows` is MessagePack: a list of rows in the order of `UsageRow`, or of user keys when
    `is_erasure`. Taken in the order of `id`, so that what comes before an erasure is erased too.
    """

    __tablename__ = "waiting_usage"

    id: Mapped[Key]
    batch_key: Mapped[str] = mapped_column(String(300))
    is_erasure: Mapped[bool]
    rows: Mapped[bytes] = mapped_column(LargeBinary)
