"""Keeps the tables small."""

from __future__ import annotations

from backend.services.clock import utc_now
from backend.storage import batches
from backend.storage.db import Database


def forget_old_batches(db: Database) -> int:
    """Delete batch keys older than 7 days and message ids older than 24 hours."""
    return db.write(lambda connection: batches.forget_old(connection, utc_now()))
