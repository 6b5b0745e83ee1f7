"""Usage rows in the main database, SQLite or PostgreSQL, in the caller's own transaction.

Rows are written in the order of their keys, so that two batches never deadlock. The table is
clustered by user and day: what a batch touches does not grow with what is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

from sqlalchemy import Connection, bindparam, text

from backend.storage.db import Database
from backend.storage.fast import on_postgresql, pg_numbers
from backend.storage.rows import ManyRows
from backend.storage.usage.recent import active_use
from backend.storage.usage.store import UsageBatch, UsageRow

UPSERT: Final = {
    "sqlite": "INSERT INTO usage_days (user_key, day, name_id, count, engaged_ms, first_ms)"
    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (user_key, day, name_id) DO UPDATE SET"
    " count = count + excluded.count, engaged_ms = engaged_ms + excluded.engaged_ms,"
    " first_ms = min(first_ms, excluded.first_ms)",
    "postgresql": "INSERT INTO usage_days AS u (user_key, day, name_id, count, engaged_ms,"
    " first_ms) SELECT * FROM unnest(%s::bigint[], %s::integer[], %s::bigint[], %s::integer[],"
    " %s::bigint[], %s::integer[]) ON CONFLICT (user_key, day, name_id) DO UPDATE SET"
    " count = u.count + excluded.count, engaged_ms = u.engaged_ms + excluded.engaged_ms,"
    " first_ms = least(u.first_ms, excluded.first_ms)",
}
_upsert_in_sqlite = ManyRows(UPSERT["sqlite"], "(?, ?, ?, ?, ?, ?)")

_USER_KEYS: Any = bindparam("keys", expanding=True)
_PROFILE = text(
    "SELECT DISTINCT day, name_id FROM usage_days WHERE user_key IN :keys"
    " AND day >= :first AND (day < :day OR (day = :day AND first_ms <= :ms))"
).bindparams(_USER_KEYS)
_TIMELINE = text(
    "SELECT day, name_id, sum(count), sum(engaged_ms), min(first_ms) FROM usage_days"
    " WHERE user_key IN :keys GROUP BY day, name_id ORDER BY day, name_id"
).bindparams(_USER_KEYS)
_FORGET = text("DELETE FROM usage_days WHERE user_key IN :keys").bindparams(_USER_KEYS)

_OLD = text("DELETE FROM usage_days WHERE user_key IN :keys AND day < :day").bindparams(_USER_KEYS)


class SqlUsage:
    """The usage store inside the main database; the default."""

    def record(self, connection: Connection, batch: UsageBatch) -> bool:
        """Add the rows up with those stored; see `UsageStore`."""
        if not batch.rows:
            return False
        if connection.dialect.name == "sqlite":
            _upsert_in_sqlite(cast(Any, connection.connection.dbapi_connection), batch.rows)
        else:
            columns = map(pg_numbers, zip(*batch.rows, strict=True))
            on_postgresql(connection).execute(UPSERT["postgresql"], list(columns))
        return True

    def profile(
        self, connection: Connection, user_keys: Sequence[int], day: int, ms: int, days: int
    ) -> tuple[set[int], int]:
        """Return the names used before an instant, and the active days; see `UsageStore`."""
        rows = connection.execute(
            _PROFILE, {"keys": list(user_keys), "first": day - days, "day": day, "ms": ms}
        ).all()
        return {row.name_id for row in rows}, len({row.day for row in rows if row.day < day})

    def timeline(self, connection: Connection, user_keys: Sequence[int]) -> list[UsageRow]:
        """Return all rows of a user, by day and name; see `UsageStore`."""
        rows = connection.execute(_TIMELINE, {"keys": list(user_keys)})
        return [UsageRow(user_keys[0], *map(int, row)) for row in rows]

    def active_use(self, connection: Connection, project_id: str, day: int) -> list[int]:
        """Count users by active days from their own rows, not from usage; see `UsageStore`."""
        return active_use(connection, project_id, day)

    def forget(self, connection: Connection, user_keys: Sequence[int]) -> None:
        """Delete all rows of a user."""
        connection.execute(_FORGET, {"keys": list(user_keys)})

    def forget_before(self, db: Database, people: Iterable[Sequence[int]], day: int) -> int:
        """Delete old rows, a transaction for each group of people; see `UsageStore`."""
        done = 0
        for keys in people:
            old = {"keys": list(keys), "day": day}
            done += db.write(lambda connection, old=old: connection.execute(_OLD, old).rowcount)  # type: ignore[misc]
        return done

    def settle(self, db: Database) -> bool:
        """Say yes: what is counted is in the table already; see `UsageStore`."""
        return True

    def close(self) -> None:
        """Do nothing: the main database is closed by whoever opened it."""


SQL: Final = SqlUsage()
