"""Usage rows in ClickHouse: a server or cluster by its address, or in process by `chdb://`.

A batch commits in the main database alone: its rows wait there in an outbox and are sent in
their order, one insert a batch, with the batch's key as deduplication token. Sent again after a
lost answer, they count once. While ClickHouse is away the outbox grows up to a cap; beyond it,
batches are refused and senders keep them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from backend.domain.errors import StorageUnavailableError
from backend.storage.db import Database
from backend.storage.models import WaitingUsage
from backend.storage.usage.recent import active_use
from backend.storage.usage.sql import SQL
from backend.storage.usage.store import UsageBatch, UsageRow

MIGRATIONS: Final = Path(__file__).resolve().parents[3] / "migrations" / "clickhouse"
COLUMNS: Final = UsageRow._fields
# At 500 events each about ten million events, some 300 MB: hours of an outage.
MOST_WAITING: Final = 20_000
_AT_ONCE: Final = 20
_RETRY_AFTER_S: Final = 5
_CONNECT_S: Final = 2
_ANSWER_S: Final = 10

_PROFILE = (
    "SELECT day, name_id FROM usage_days WHERE user_key IN {keys:Array(Int64)}"
    " AND day >= {first:Int32} AND day <= {day:Int32} GROUP BY day, name_id"
    " HAVING day < {day:Int32} OR min(first_ms) <= {ms:UInt32}"
)
_TIMELINE = (
    "SELECT day, name_id, sum(count), sum(engaged_ms), min(first_ms) FROM usage_days"
    " WHERE user_key IN {keys:Array(Int64)} GROUP BY day, name_id ORDER BY day, name_id"
)
_FORGET = "DELETE FROM usage_days WHERE user_key IN {keys:Array(Int64)}"
_COUNT_OLD = (
    "SELECT uniqExact(user_key, day, name_id) FROM usage_days"
    " WHERE user_key IN {keys:Array(Int64)} AND day < {day:Int32}"
)
_FORGET_OLD = _FORGET + " AND day < {day:Int32}"
# Keys travel in the address of a request, where a server takes a mebibyte.
_KEYS_AT_ONCE: Final = 20_000
_ENDS = select(func.min(WaitingUsage.id), func.max(WaitingUsage.id))
_ERASED_NOW: Final = {"lightweight_deletes_sync": 1}


class ClickHouseUsage:
    """The usage store in ClickHouse."""

    def __init__(self, dsn: str, *, most_waiting: int = MOST_WAITING) -> None:
        self._dsn = dsn
        self._most_waiting = most_waiting
        self._client: Any = None
        self._lock = threading.Lock()

    def record(self, connection: Connection, batch: UsageBatch) -> bool:
        """Put the rows into the outbox, in the caller's transaction; see `UsageStore`.

        Raises:
            StorageUnavailableError: the outbox is full; nothing was counted.
        """
        if not batch.rows:
            return False
        first, last = connection.execute(_ENDS).one()
        if first is not None and last - first + 1 >= self._most_waiting:
            raise StorageUnavailableError(retry_after_s=_RETRY_AFTER_S)
        _wait(connection, f"{batch.project_id}:{batch.key}", batch.rows)
        return True

    def profile(
        self, connection: Connection, user_keys: Sequence[int], day: int, ms: int, days: int
    ) -> tuple[set[int], int]:
        """Return the names used before an instant, and the active days; see `UsageStore`."""
        rows = self._rows(
            _PROFILE, {"keys": list(user_keys), "first": day - days, "day": day, "ms": ms}
        )
        return {name for _, name in rows}, len({used for used, _ in rows if used < day})

    def timeline(self, connection: Connection, user_keys: Sequence[int]) -> list[UsageRow]:
        """Return all rows of a user, by day and name; see `UsageStore`."""
        rows = self._rows(_TIMELINE, {"keys": list(user_keys)})
        return [UsageRow(user_keys[0], *row) for row in rows]

    def active_use(self, connection: Connection, project_id: str, day: int) -> list[int]:
        """Count users by active days: their rows in the main database say it for every store."""
        return active_use(connection, project_id, day)

    def forget(self, connection: Connection, user_keys: Sequence[int]) -> None:
        """Have the rows of a user deleted, after all that is sent before.

        Those left in the main database from before a copy go at once.
        """
        SQL.forget(connection, user_keys)
        _wait(connection, "", list(user_keys), is_erasure=True)

    def forget_before(self, db: Database, people: Iterable[Sequence[int]], day: int) -> int:
        """Delete old rows, there and what a copy left in the main database; see `UsageStore`.

        What still waits in the outbox is found the next time.
        """
        done = 0
        many: list[int] = []
        for keys in people:
            done += SQL.forget_before(db, [keys], day)
            many += keys
            if len(many) >= _KEYS_AT_ONCE:
                done += self._forget_before(many, day)
                many = []
        return done + self._forget_before(many, day)

    def settle(self, db: Database) -> bool:
        """Send what waits now; False when ClickHouse did not take all of it.

        The rest stays for the next time; what was sent twice by then counts once.
        """
        try:
            with db.read() as session:
                last = session.execute(_ENDS).one()[1]
            while last is not None and self._send_some(db, last):
                pass
        except StorageUnavailableError:
            return False
        return True

    def insert(self, rows: Sequence[Sequence[int]], token: str) -> None:
        """Add rows; the same token again adds nothing.

        Raises:
            StorageUnavailableError: ClickHouse did not say that it has them.
        """
        settings = {
            "insert_deduplicate": 1,
            "insert_deduplication_token": token,
            # An answer means on disk: nothing may wait in the server's own queue.
            "async_insert": 0,
        }
        with self._connected() as client:
            client.insert("usage_days", rows, column_names=COLUMNS, settings=settings)

    def totals(self) -> tuple[int, int, int]:
        """Return how many rows there are once added up, their events and engaged ms."""
        rows = self._rows(
            "SELECT count(), sum(c), sum(e) FROM (SELECT sum(count) AS c, sum(engaged_ms) AS e"
            " FROM usage_days GROUP BY user_key, day, name_id)",
            {},
        )
        count, events, engaged_ms = rows[0]
        return int(count), int(events), int(engaged_ms)

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    def _send_some(self, db: Database, last: int) -> bool:
        """Send the oldest of what waits, up to id `last`; say whether there was any."""
        with db.read() as session:
            query = select(WaitingUsage).where(WaitingUsage.id <= last).order_by(WaitingUsage.id)
            waiting = session.scalars(query.limit(_AT_ONCE)).all()
            session.expunge_all()
        for each in waiting:
            rows = msgspec.msgpack.decode(each.rows)
            if each.is_erasure:
                with self._connected() as client:
                    client.command(_FORGET, parameters={"keys": rows}, settings=_ERASED_NOW)
            else:
                self.insert(rows, each.batch_key)
            sent = delete(WaitingUsage).where(WaitingUsage.id == each.id)
            db.write(lambda connection, sent=sent: connection.execute(sent))  # type: ignore[misc]
        return bool(waiting)

    def _forget_before(self, user_keys: list[int], day: int) -> int:
        old = {"keys": user_keys, "day": day}
        # A deletion rewrites parts: none is asked for where there is nothing to delete.
        count = int(self._rows(_COUNT_OLD, old)[0][0]) if user_keys else 0
        if count:
            with self._connected() as client:
                client.command(_FORGET_OLD, parameters=old, settings=_ERASED_NOW)
        return count

    def _rows(self, sql: str, parameters: dict[str, Any]) -> list[Any]:
        with self._connected() as client:
            rows: list[Any] = client.query(sql, parameters=parameters).result_rows
        return rows

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """Give the client to one caller at a time; after a fault the next one connects anew."""
        import clickhouse_connect
        from clickhouse_connect.driver.exceptions import ClickHouseError

        with self._lock:
            try:
                if self._client is None:
                    self._client = clickhouse_connect.get_client(
                        dsn=self._dsn,
                        connect_timeout=_CONNECT_S,
                        send_receive_timeout=_ANSWER_S,
                        query_retries=0,
                    )
                    _migrate(self._client)
                yield self._client
            except (ClickHouseError, OSError, RuntimeError) as error:
                self._client = None
                raise StorageUnavailableError(retry_after_s=_RETRY_AFTER_S) from error


def _migrate(client: Any) -> None:
    """Run the numbered SQL files that ClickHouse has not seen."""
    client.command(
        "CREATE TABLE IF NOT EXISTS zeroten_migrations (name String)"
        " ENGINE = MergeTree ORDER BY name"
    )
    done = {row[0] for row in client.query("SELECT name FROM zeroten_migrations").result_rows}
    for path in sorted(MIGRATIONS.glob("*.sql")):
        if path.stem not in done:
            client.command(path.read_text())
            client.insert("zeroten_migrations", [[path.stem]], column_names=["name"])


def _wait(
    connection: Connection, batch_key: str, rows: Sequence[Any], *, is_erasure: bool = False
) -> None:
    connection.execute(
        insert(WaitingUsage).values(
            batch_key=batch_key,
            is_erasure=is_erasure,
            rows=msgspec.msgpack.encode(rows),
        )
    )
