"""What a decision reads and writes: a handful of single-row statements.

Statements are built once: building one costs five times what running it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.domain.eligibility import SurveyHistory
from backend.storage import people
from backend.storage.models import Decision, SurveyDay, Ticket, User, UserSurvey

_USER = (
    select(
        User.key,
        User.traits,
        User.account_key,
        User.first_seen_at,
        User.last_shown_at,
        User.open_ticket_until,
        User.activity_day,
        User.activity_bits,
        User.recent_use,
    )
    .where(
        User.project_id == bindparam("project"),
        User.user_id == bindparam("user"),
        User.is_anonymous == bindparam("anonymous"),
    )
    # One decision a person at a time; SQLite has one writer anyway and knows no such clause.
    .with_for_update()
)
_HISTORY_COLUMNS = UserSurvey.__table__.select().where(UserSurvey.user_key == bindparam("user_key"))
_ASKED_OF_ACCOUNT = select(func.count()).where(
    Ticket.account_key == bindparam("account"),
    Ticket.survey_id == bindparam("survey"),
    Ticket.issued_at > bindparam("since"),
)
_ASKED_TODAY = select(SurveyDay.survey_id, SurveyDay.asked).where(
    SurveyDay.day == bindparam("day"), SurveyDay.survey_id.in_(bindparam("surveys", expanding=True))
)
_ADD_DECISION = insert(Decision)
_ADD_TICKET = insert(Ticket)
_INVITE = (
    update(User)
    .where(User.key == bindparam("user_key"))
    .values(last_invited_at=bindparam("now"), open_ticket_until=bindparam("until"))
)
_COUNT_DAY = {
    "sqlite": sqlite.insert(SurveyDay)
    .values(survey_id=bindparam("survey"), day=bindparam("on_day"), asked=1)
    .on_conflict_do_update(
        index_elements=["survey_id", "day"], set_={"asked": SurveyDay.asked + 1}
    ),
    "postgresql": postgresql.insert(SurveyDay)
    .values(survey_id=bindparam("survey"), day=bindparam("on_day"), asked=1)
    .on_conflict_do_update(
        index_elements=["survey_id", "day"], set_={"asked": SurveyDay.asked + 1}
    ),
}


def user(
    connection: Connection, project_id: str, user_id: str, is_anonymous: bool, now: datetime
) -> Row[Any]:
    """Return what a decision needs of the user, who is added when never seen before."""
    where = {"project": project_id, "user": user_id, "anonymous": is_anonymous}
    row = connection.execute(_USER, where).first()
    if row is None:
        people.add_user(connection, project_id, user_id, is_anonymous, now)
        row = connection.execute(_USER, where).one()
    return row


def history(
    connection: Connection, user_key: int
) -> tuple[dict[str, SurveyHistory], dict[str, int]]:
    """Return, by survey, what the user did with it and how many answers they gave."""
    rows = connection.execute(_HISTORY_COLUMNS, {"user_key": user_key}).all()
    past = {
        row.survey_id: SurveyHistory(
            shown_at=row.shown_at,
            answered_at=row.answered_at,
            declined_at=row.declined_at,
            later_at=row.later_at,
            last_score=row.last_score,
        )
        for row in rows
    }
    return past, {row.survey_id: row.answers for row in rows}


def asked_of_account(
    connection: Connection, account_key: int, survey_id: str, days: int, now: datetime
) -> int:
    """Return how many tickets for the survey the account's people got in the last `days` days."""
    where = {"account": account_key, "survey": survey_id, "since": now - timedelta(days=days)}
    return connection.execute(_ASKED_OF_ACCOUNT, where).scalar_one()


def asked_today(connection: Connection, survey_ids: Sequence[str], day: int) -> dict[str, int]:
    """Return, by survey, how many tickets were given out on `day`."""
    if not survey_ids:
        return {}
    rows = connection.execute(_ASKED_TODAY, {"day": day, "surveys": list(survey_ids)})
    return {row.survey_id: row.asked for row in rows}


def add_decision(connection: Connection, **columns: Any) -> None:
    """Store a decision."""
    connection.execute(_ADD_DECISION, columns)


def add_ticket(connection: Connection, day: int, **columns: Any) -> None:
    """Store a ticket, hold the user for it and count it against the day's budget."""
    connection.execute(_ADD_TICKET, columns)
    connection.execute(
        _INVITE,
        {
            "user_key": columns["user_key"],
            "now": columns["issued_at"],
            "until": columns["expires_at"],
        },
    )
    connection.execute(
        _COUNT_DAY[connection.dialect.name], {"survey": columns["survey_id"], "on_day": day}
    )
