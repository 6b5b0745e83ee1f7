"""Who was asked: people by role, plan and use, counted in the database."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Connection

from backend.storage.fast import Sql

# One row a person asked in the window, with what they were when last asked.
_PEOPLE: Final = (
    "SELECT user_key, max(coalesce(role, '')) AS role, max(coalesce(plan, '')) AS plan,"
    " max(coalesce(CAST(active_midrank AS REAL), active_percentile, -1.0)) AS midrank,"
    " max(coalesce(active_days, -1)) AS days,"
    " max(CASE WHEN score IS NOT NULL AND state IN ('scored', 'completed') THEN 1 ELSE 0 END)"
    " AS answered,"
    " max(CASE WHEN comment IS NOT NULL AND comment <> '' THEN 1 ELSE 0 END) AS commented"
    " FROM responses WHERE project_id = ? AND invited_at >= ? AND invited_at < ?"
    " AND NOT is_test AND NOT is_manual GROUP BY user_key"
)
_CELLS = Sql(
    "SELECT role, plan, CASE WHEN midrank < 0 THEN -1 WHEN midrank < 20 THEN 0"  # noqa: S608
    " WHEN midrank < 40 THEN 1 WHEN midrank < 60 THEN 2 WHEN midrank < 80 THEN 3 ELSE 4 END AS g,"
    f" days, count(*), sum(answered), sum(commented) FROM ({_PEOPLE}) AS people"
    " GROUP BY role, plan, g, days"
)
_ASKED = Sql(
    "SELECT count(DISTINCT user_key) FROM tickets WHERE project_id = ? AND issued_at >= ?"
    " AND issued_at < ?"
)
_ACTIVE = Sql(
    "SELECT count(*) FROM users WHERE project_id = ? AND last_seen_at >= ? AND first_seen_at < ?"
)
_ACCOUNTS = Sql(
    "SELECT account_key, user_key, issued_at FROM tickets WHERE project_id = ?"
    " AND issued_at >= ? AND issued_at < ? AND account_key IS NOT NULL"
)
_SIZES = Sql(
    "SELECT account_key, count(*) FROM users WHERE project_id = ? AND account_key IS NOT NULL"
    " GROUP BY account_key"
)


class Cell(NamedTuple):
    """People who were shown a survey; `group` is their fifth of active use, -1 unknown.

    `days` are their active days, -1 while unknown.
    """

    role: str
    plan: str
    group: int
    days: int
    asked: int
    answered: int
    commented: int


def cells(connection: Connection, project_id: str, start_ms: int, end_ms: int) -> list[Cell]:
    """Count the people invited in [start, end) by the sampling rule; tests are left out."""
    rows = _CELLS(connection, (project_id, start_ms, end_ms)).fetchall()
    return [Cell(role, plan, *map(int, counts)) for role, plan, *counts in rows]


def sampled(connection: Connection, project_id: str, start_ms: int, end_ms: int) -> int:
    """Count the people who were given a ticket in [start, end)."""
    return int(_ASKED(connection, (project_id, start_ms, end_ms)).fetchone()[0])


def active(connection: Connection, project_id: str, start_ms: int, end_ms: int) -> int:
    """Count the people seen since `start` whom we knew before `end`."""
    return int(_ACTIVE(connection, (project_id, start_ms, end_ms)).fetchone()[0])


def of_accounts(
    connection: Connection, project_id: str, start_ms: int, end_ms: int
) -> dict[int, list[tuple[int, int]]]:
    """Return who of each account was asked in [start, end), and when: (user key, ms)."""
    found: dict[int, list[tuple[int, int]]] = {}
    for account, user, at in _ACCOUNTS(connection, (project_id, start_ms, end_ms)).fetchall():
        found.setdefault(account, []).append((user, at))
    return found


def account_sizes(connection: Connection, project_id: str) -> dict[int, int]:
    """Return how many users each account has."""
    return {int(key): int(n) for key, n in _SIZES(connection, (project_id,)).fetchall()}
