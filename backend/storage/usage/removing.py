"""People are removed while no batch is counted by a key that was looked up before.

Batches hold removals off together; a removal waits for them, and they for it. Each removal leaves
a number with the project that tells the others to look their keys up again.
"""

from __future__ import annotations

import zlib
from typing import Final

from sqlalchemy import Connection

from backend.storage.fast import Sql

_HOLD_OFF: Final = Sql("SELECT pg_advisory_xact_lock_shared(?, ?)")
_WAIT: Final = Sql("SELECT pg_advisory_xact_lock(?, ?)")
_COUNT: Final = Sql("SELECT people_removed FROM projects WHERE id = ?")
_ADD: Final = Sql("UPDATE projects SET people_removed = people_removed + 1 WHERE id = ?")
# The first of the two numbers of an advisory lock: nothing else of ours has two.
_LOCKS: Final = 1


def hold_off(connection: Connection, project_id: str) -> int | None:
    """Have no people of a project removed until the transaction ends.

    Returns:
        How often some were; None when there is no such project any more.
    """
    _lock(connection, _HOLD_OFF, project_id)
    row = _COUNT(connection, (project_id,)).fetchone()
    return None if row is None else int(row[0])


def begin(connection: Connection, project_id: str) -> None:
    """Keep batches off until the transaction ends, and have them look up keys again then."""
    _lock(connection, _WAIT, project_id)
    _ADD(connection, (project_id,))


def _lock(connection: Connection, take: Sql, project_id: str) -> None:
    # SQLite has one writer.
    if connection.dialect.name != "sqlite":
        number = zlib.crc32(project_id.encode()) - 2**31
        take(connection, (_LOCKS, number))
