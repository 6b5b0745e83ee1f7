"""What a usage store does, whichever engine keeps the rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from sqlalchemy import Connection

from backend.storage.db import Database


class UsageRow(NamedTuple):
    """One user's use of one feature or page on one local day; `first_ms` is its time of day."""

    user_key: int
    day: int
    name_id: int
    count: int  # type: ignore[assignment]  # the column; nobody counts in a row
    engaged_ms: int
    first_ms: int

    def plus(self, other: UsageRow) -> UsageRow:
        """Return both together; they have the same key."""
        return self._replace(
            count=self.count + other.count,
            engaged_ms=self.engaged_ms + other.engaged_ms,
            first_ms=min(self.first_ms, other.first_ms),
        )


class UsageBatch(NamedTuple):
    """Rows of one batch in the order of their keys; `key` makes sending it again harmless."""

    project_id: str
    key: str
    rows: Sequence[UsageRow]


class UsageStore(Protocol):
    """Where usage rows are kept: `sql`, or `clickhouse`.

    Everything runs on the caller's connection to the main database; a user is one or more keys,
    their own and those of browsers linked to them.
    """

    def record(self, connection: Connection, batch: UsageBatch) -> bool:
        """Add the rows up with those stored, in the caller's transaction; False when empty."""

    def profile(
        self, connection: Connection, user_keys: Sequence[int], day: int, ms: int, days: int
    ) -> tuple[set[int], int]:
        """Return the names used in the `days` days before an instant, and the active days.

        Args:
            day: local day of the instant, `ms` its time of day: use later on that day is left
                out, and the day itself is no active day (METHODS, section 9).
        """

    def timeline(self, connection: Connection, user_keys: Sequence[int]) -> list[UsageRow]:
        """Return all rows of a user by day and name, under the first of the keys."""

    def active_use(self, connection: Connection, project_id: str, day: int) -> list[int]:
        """Return how many users had 1, 2, … 30 active days in the 30 days before `day`."""

    def forget(self, connection: Connection, user_keys: Sequence[int]) -> None:
        """Delete all rows of a user, at once or as soon as the store can be reached."""

    def forget_before(self, db: Database, people: Iterable[Sequence[int]], day: int) -> int:
        """Delete rows of days before `day`, a group of user keys at a time; return how many.

        Raises:
            StorageUnavailableError: not all are gone; the same call goes on.
        """

    def settle(self, db: Database) -> bool:
        """Bring what waits outside the store into it; False when that is not all in."""

    def close(self) -> None:
        """Let go of connections."""
