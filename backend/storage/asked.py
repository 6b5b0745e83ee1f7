"""Who was asked, whether they answered or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from backend.storage.fast import Sql
from backend.storage.models import User

_SILENT = Sql(
    "SELECT user_key, coalesce(role, ''), coalesce(plan, ''),"
    " coalesce(active_midrank, active_percentile, -1.0), coalesce(active_days, -1)"
    " FROM responses WHERE project_id = ? AND answered_at IS NULL AND invited_at >= ?"
    " AND invited_at < ? AND NOT is_test AND NOT is_manual"
)
_IGNORED = Sql(
    "SELECT user_key, invited_at FROM responses WHERE project_id = ? AND answered_at IS NULL"
    " AND invited_at >= ? AND invited_at < ? AND NOT is_test"
)
_NEW = Sql("SELECT key, first_seen_at FROM users WHERE project_id = ? AND first_seen_at >= ?")
_ASKED = Sql(
    "SELECT count(DISTINCT user_key) FROM tickets WHERE project_id = ? AND issued_at >= ?"
    " AND issued_at < ?"
)
_ACTIVE = Sql(
    "SELECT count(*) FROM users WHERE project_id = ? AND last_seen_at >= ? AND first_seen_at < ?"
)
_ACCOUNTS = Sql(
    "SELECT account_key, count(DISTINCT user_key), count(DISTINCT (? - 1 - issued_at) / ?)"
    " FROM tickets WHERE project_id = ? AND issued_at >= ? AND issued_at < ?"
    " AND account_key IS NOT NULL GROUP BY account_key"
)


class Silent(NamedTuple):
    """Somebody who was shown a survey and gave no answer to it; -1 and "" stand for unknown."""

    user: int
    role: str
    plan: str
    midrank: float
    active_days: int


class AccountAsked(NamedTuple):
    """How many users of an account were asked, and in how many cycles somebody was."""

    users: int
    cycles: int


def silent(connection: Connection, project_id: str, start_ms: int, end_ms: int) -> list[Silent]:
    """Return who was invited in [start, end) by the sampling rule and did not answer.

    Once for each time they were; tests are left out.
    """
    rows = _SILENT(connection, (project_id, start_ms, end_ms)).fetchall()
    return list(map(Silent._make, rows))


def ignored(
    connection: Connection, project_id: str, start_ms: int, end_ms: int
) -> list[tuple[int, int]]:
    """Return who was shown a survey in [start, end) without answering, and when (ms)."""
    rows: list[tuple[int, int]] = _IGNORED(connection, (project_id, start_ms, end_ms)).fetchall()
    return rows


def sampled(connection: Connection, project_id: str, start_ms: int, end_ms: int) -> int:
    """Count the people who were given a ticket in [start, end)."""
    return int(_ASKED(connection, (project_id, start_ms, end_ms)).fetchone()[0])


def active(connection: Connection, project_id: str, start_ms: int, end_ms: int) -> int:
    """Count the people seen since `start` whom we knew before `end`."""
    return int(_ACTIVE(connection, (project_id, start_ms, end_ms)).fetchone()[0])


def of_accounts(
    connection: Connection, project_id: str, start_ms: int, end_ms: int, cycle_ms: int
) -> dict[int, AccountAsked]:
    """Return how many of each account were asked in [start, end), and in how many cycles.

    Cycles are `cycle_ms` long and counted back from the end.
    """
    given = (end_ms, cycle_ms, project_id, start_ms, end_ms)
    rows = _ACCOUNTS(connection, given).fetchall()
    return {account: AccountAsked(users, cycles) for account, users, cycles in rows}


def new_since(connection: Connection, project_id: str, since_ms: int) -> dict[int, int]:
    """Return who was seen for the first time since then, and when (ms)."""
    return dict(_NEW(connection, (project_id, since_ms)).fetchall())


def account_sizes(connection: Connection, accounts: Sequence[int]) -> dict[int, int]:
    """Return how many users each of these accounts has; those without any are left out."""
    rows = connection.execute(
        select(User.account_key, func.count())
        .where(User.account_key.in_(accounts))
        .group_by(User.account_key)
    )
    return {key: n for key, n in rows if key is not None}
