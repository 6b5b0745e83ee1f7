"""Keeps the tables small."""

from __future__ import annotations

from backend.services.clock import utc_now
from backend.storage import batches
from backend.storage.db import Database
from backend.storage.usage import pending
from backend.storage.usage.store import UsageStore


def forget_old_batches(db: Database, _usage: UsageStore) -> int:
    """Delete batch keys older than 7 days and message ids older than 24 hours."""
    return db.write(lambda connection: batches.forget_old(connection, utc_now()))


def settle_usage(db: Database, usage: UsageStore) -> int:
    """Send what waits for a usage store of its own; 0 when it is away and will be asked again."""
    return int(usage.settle(db))


def note_pending_use(db: Database, _usage: UsageStore) -> int:
    """Note in people's own rows what a busy server left for later; return for how many."""
    return pending.fold(db)
