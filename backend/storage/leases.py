"""Leases: with several workers, each job runs in one of them at a time."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import text

from backend.storage.db import Database

_TRY: Final = text("SELECT pg_try_advisory_lock(:key)")
_RELEASE: Final = text("SELECT pg_advisory_unlock(:key)")


@contextmanager
def lease(db: Database, name: str) -> Iterator[bool]:
    """Give True while this process, and no other, holds the job `name`.

    SQLite has one process, so nobody else could. A lost connection lets go by itself.
    """
    if db.is_sqlite:
        yield True
        return
    key = {"key": zlib.crc32(f"zeroten:{name}".encode())}
    with db.engine.connect() as connection:
        held = bool(connection.execute(_TRY, key).scalar())
        connection.commit()
        try:
            yield held
        finally:
            if held:
                connection.execute(_RELEASE, key)
                connection.commit()
