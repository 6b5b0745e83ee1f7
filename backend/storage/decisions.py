"""What a decision reads and writes: a handful of single-row statements on the driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection

from backend.domain.calendar import DAY_MS
from backend.storage.fast import Sql, to_json, to_ms, together

# For PostgreSQL alone: SQLite has one writer at a time. Rows that others refer to are held in the
# mode that foreign keys do not wait for.
_HOLD_PERSON = Sql(
    "SELECT key FROM users WHERE key = ? OR linked_to = ? ORDER BY key FOR NO KEY UPDATE"
)
_HOLD_ACCOUNT = Sql("SELECT key FROM accounts WHERE key = ? FOR NO KEY UPDATE")
_HOLD_DAY = Sql("SELECT asked FROM survey_days WHERE survey_id = ? AND day = ? FOR UPDATE")
_BEGIN_DAY = Sql(
    "INSERT INTO survey_days (survey_id, day, asked) VALUES (?, ?, ?)"
    " ON CONFLICT (survey_id, day) DO NOTHING"
)
_SHOWN_SINCE = Sql(
    "SELECT count(*) FROM decisions WHERE project_id = ? AND at >= ? AND is_shown = ?"
    " AND survey_id = ?"
)
_ASKED_OF_ACCOUNT = Sql(
    "SELECT count(*) FROM tickets WHERE account_key = ? AND survey_id = ? AND issued_at > ?"
)
_ASKED_ON_DAY = Sql("SELECT asked FROM survey_days WHERE survey_id = ? AND day = ?")
_ADD_DECISION = Sql(
    "INSERT INTO decisions (id, project_id, user_key, at, is_shown, reason, survey_id, version,"
    " admission_probability, is_manual, page, evaluations)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_TICKET = Sql(
    "INSERT INTO tickets (token_hash, project_id, decision_id, survey_id, version, user_key,"
    " account_key, wave, context, admission_probability, issued_at, expires_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INVITE = Sql("UPDATE users SET last_invited_at = ?, open_ticket_until = ? WHERE key = ?")
_COUNT_DAY = Sql(
    "INSERT INTO survey_days (survey_id, day, asked) VALUES (?, ?, ? + 1)"
    " ON CONFLICT (survey_id, day) DO UPDATE SET asked = survey_days.asked + 1"
)
_COUNT_REFUSED = Sql(
    "INSERT INTO survey_days (survey_id, day, asked, refused) VALUES (?, ?, ?, 1)"
    " ON CONFLICT (survey_id, day) DO UPDATE SET refused = survey_days.refused + 1"
)


class NewDecision(NamedTuple):
    """The columns of a decision, in the table's order of `_ADD_DECISION`."""

    id: str
    project_id: str
    user_key: int
    at: datetime
    is_shown: bool
    reason: str | None
    survey_id: str | None
    version: int | None
    admission_probability: float | None
    is_manual: bool
    page: str
    evaluations: list[dict[str, Any]]


class NewTicket(NamedTuple):
    """The columns of a ticket, in the table's order of `_ADD_TICKET`."""

    token_hash: bytes
    project_id: str
    decision_id: str
    survey_id: str
    version: int
    user_key: int
    account_key: int | None
    wave: int
    context: dict[str, Any]
    admission_probability: float | None
    issued_at: datetime
    expires_at: datetime


def hold_person(connection: Connection, person_key: int) -> None:
    """Have one decision at a time about a person, whose browsers are held too (PostgreSQL)."""
    _HOLD_PERSON(connection, (person_key, person_key)).fetchall()


def hold_account(connection: Connection, account_key: int) -> None:
    """Have nobody else of the account be asked until this transaction ends (PostgreSQL)."""
    _HOLD_ACCOUNT(connection, (account_key,)).fetchone()


def hold_day(connection: Connection, project_id: str, survey_id: str, day: int) -> None:
    """Have nobody else count for the survey's day until this transaction ends (PostgreSQL)."""
    if _HOLD_DAY(connection, (survey_id, day)).fetchone() is None:
        asked = _shown_since(connection, project_id, survey_id, day)
        _BEGIN_DAY(connection, (survey_id, day, asked))
        _HOLD_DAY(connection, (survey_id, day)).fetchone()


def asked_of_account(
    connection: Connection, account_key: int, survey_id: str, days: int, now: datetime
) -> int:
    """Return how many tickets for the survey the account's people got in the last `days` days."""
    since = to_ms(now - timedelta(days=days))
    count: int = _ASKED_OF_ACCOUNT(connection, (account_key, survey_id, since)).fetchone()[0]
    return count


def asked_on_day(connection: Connection, project_id: str, survey_id: str, day: int) -> int:
    """Return how many tickets the survey gave out on `day`, which is today."""
    row = _ASKED_ON_DAY(connection, (survey_id, day)).fetchone()
    if row is not None:
        asked: int = row[0]
        return asked
    return _shown_since(connection, project_id, survey_id, day)


def _shown_since(connection: Connection, project_id: str, survey_id: str, day: int) -> int:
    where = (project_id, day * DAY_MS, True, survey_id)
    count: int = _SHOWN_SINCE(connection, where).fetchone()[0]
    return count


def add(
    connection: Connection,
    decision: NewDecision,
    ticket: NewTicket | None,
    day: int,
    asked_today: Mapping[str, int],
    out_of_budget: Sequence[str] = (),
) -> None:
    """Store a decision and perhaps a ticket, which holds the user.

    Args:
        asked_today: what was seen of each survey with a daily budget. Days are counted of these
            alone: on PostgreSQL a counter is a row that all showings of its survey wait for.
        out_of_budget: surveys that would have been shown but for their daily budget.
    """
    with together(connection):
        before, after = decision[:3], decision[4:-1]
        evaluations = to_json(decision.evaluations)
        _ADD_DECISION(connection, (*before, to_ms(decision.at), *after, evaluations))
        for survey_id in sorted(out_of_budget):
            _COUNT_REFUSED(connection, (survey_id, day, asked_today[survey_id]))
        if ticket is None:
            return
        issued_ms, expires_ms = to_ms(ticket.issued_at), to_ms(ticket.expires_at)
        context, probability = to_json(ticket.context), ticket.admission_probability
        _ADD_TICKET(connection, (*ticket[:8], context, probability, issued_ms, expires_ms))
        _INVITE(connection, (issued_ms, expires_ms, ticket.user_key))
        if ticket.survey_id in asked_today:
            seen = asked_today[ticket.survey_id]
            _COUNT_DAY(connection, (ticket.survey_id, day, seen))
