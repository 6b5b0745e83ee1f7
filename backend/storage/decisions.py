"""What a decision reads and writes: a handful of single-row statements on the driver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection

from backend.domain.eligibility import SurveyHistory
from backend.storage.fast import Sql, from_json, from_ms, to_json, to_ms, together

# One decision a person at a time: PostgreSQL locks the row, SQLite has one writer anyway.
_USER = Sql(
    "SELECT u.key, u.traits, u.account_key, u.first_seen_at, u.last_shown_at,"
    " u.open_ticket_until, u.activity_day, u.activity_bits, u.recent_use,"
    " s.survey_id, s.shown_at, s.answered_at, s.declined_at, s.later_at, s.last_score, s.answers"
    " FROM users u LEFT JOIN user_surveys s ON s.user_key = u.key"
    " WHERE u.project_id = ? AND u.user_id = ? AND u.is_anonymous = ?",
    postgresql_suffix=" FOR UPDATE OF u",
)
_ADD_USER = Sql(
    "INSERT INTO users (project_id, user_id, is_anonymous, traits, first_seen_at, last_seen_at,"
    " activity_day, activity_bits, recent_use) VALUES (?, ?, ?, '{}', ?, ?, 0, 0, ?)"
    " ON CONFLICT (project_id, user_id, is_anonymous) DO NOTHING RETURNING key"
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
    "INSERT INTO survey_days (survey_id, day, asked) VALUES (?, ?, 1)"
    " ON CONFLICT (survey_id, day) DO UPDATE SET asked = survey_days.asked + 1"
)


@dataclass(frozen=True, slots=True)
class KnownUser:
    """What a decision needs of a user, with their past by survey and how often they answered."""

    key: int
    traits: dict[str, Any]
    account_key: int | None
    first_seen_at: datetime
    last_shown_at: datetime | None
    open_ticket_until: datetime | None
    activity_day: int
    activity_bits: int
    recent_use: bytes
    history: dict[str, SurveyHistory]
    answers: dict[str, int]


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


def user(
    connection: Connection, project_id: str, user_id: str, is_anonymous: bool, now: datetime
) -> KnownUser:
    """Return the user, who is added when never seen before."""
    who = (project_id, user_id, is_anonymous)
    rows = _USER(connection, who).fetchall()
    if not rows:
        now_ms = to_ms(now)
        added = _ADD_USER(connection, (*who, now_ms, now_ms, b"")).fetchone()
        if added is not None:
            return KnownUser(added[0], {}, None, now, None, None, 0, 0, b"", {}, {})
        # Somebody else added the same person this moment.
        rows = _USER(connection, who).fetchall()
    return _known(rows)


def _known(rows: Sequence[Sequence[Any]]) -> KnownUser:
    first = rows[0]
    first_seen_at = from_ms(first[3])
    assert first_seen_at is not None
    past = [row[9:] for row in rows if row[9] is not None]
    return KnownUser(
        key=first[0],
        traits=from_json(first[1]),
        account_key=first[2],
        first_seen_at=first_seen_at,
        last_shown_at=from_ms(first[4]),
        open_ticket_until=from_ms(first[5]),
        activity_day=first[6],
        activity_bits=first[7],
        recent_use=first[8],
        history={
            survey_id: SurveyHistory(
                shown_at=from_ms(shown_at),
                answered_at=from_ms(answered_at),
                declined_at=from_ms(declined_at),
                later_at=from_ms(later_at),
                last_score=last_score,
            )
            for survey_id, shown_at, answered_at, declined_at, later_at, last_score, _ in past
        },
        answers={row[0]: row[6] for row in past},
    )


def asked_of_account(
    connection: Connection, account_key: int, survey_id: str, days: int, now: datetime
) -> int:
    """Return how many tickets for the survey the account's people got in the last `days` days."""
    since = to_ms(now - timedelta(days=days))
    count: int = _ASKED_OF_ACCOUNT(connection, (account_key, survey_id, since)).fetchone()[0]
    return count


def asked_on_day(connection: Connection, survey_id: str, day: int) -> int:
    """Return how many tickets the survey gave out on `day`."""
    row = _ASKED_ON_DAY(connection, (survey_id, day)).fetchone()
    return row[0] if row else 0


def add(connection: Connection, decision: NewDecision, ticket: NewTicket | None, day: int) -> None:
    """Store a decision and perhaps a ticket, which holds the user and counts for the day."""
    with together(connection):
        _ADD_DECISION(
            connection,
            decision._replace(
                at=to_ms(decision.at),  # type: ignore[arg-type]
                evaluations=to_json(decision.evaluations),  # type: ignore[arg-type]
            ),
        )
        if ticket is None:
            return
        issued_ms, expires_ms = to_ms(ticket.issued_at), to_ms(ticket.expires_at)
        _ADD_TICKET(
            connection,
            ticket._replace(
                context=to_json(ticket.context),  # type: ignore[arg-type]
                issued_at=issued_ms,  # type: ignore[arg-type]
                expires_at=expires_ms,  # type: ignore[arg-type]
            ),
        )
        _INVITE(connection, (issued_ms, expires_ms, ticket.user_key))
        _COUNT_DAY(connection, (ticket.survey_id, day))
