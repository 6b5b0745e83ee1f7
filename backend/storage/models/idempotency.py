"""What was answered to requests with an `Idempotency-Key`, for a day."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from backend.storage.models.base import Base


class KeptAnswer(Base):
    """One answer, encrypted, since it may hold a key that is shown once."""

    __tablename__ = "kept_answers"

    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    body_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    answer_encrypted: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(index=True)
