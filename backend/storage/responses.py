"""Responses as they are written: one row a ticket, and the user's clocks beside it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.storage.models import Response, Survey, SurveyVersion, Ticket, User, UserSurvey

_TICKET = (
    select(Ticket.__table__, Survey.status.label("survey_status"))
    .join(Survey, Survey.id == Ticket.survey_id)
    .where(Ticket.token_hash == bindparam("hash"))
    # Two posts with one ticket wait for each other; SQLite has one writer anyway.
    .with_for_update(of=Ticket)
)
_RESPONSE = select(Response.__table__).where(Response.ticket_hash == bindparam("hash"))
_OF_WAVE = select(Response.id).where(
    Response.user_key == bindparam("user"),
    Response.survey_id == bindparam("survey"),
    Response.wave == bindparam("wave_number"),
)
_CONTENT = select(SurveyVersion.content).where(
    SurveyVersion.survey_id == bindparam("survey"), SurveyVersion.number == bindparam("version")
)
_ADD = insert(Response)
_CLOCK_COLUMNS = ("shown_at", "answered_at", "declined_at", "later_at", "last_score", "answers")


def ticket(connection: Connection, token_hash: bytes) -> Row[Any] | None:
    """Return the ticket's columns and `survey_status`, holding it until the transaction ends."""
    return connection.execute(_TICKET, {"hash": token_hash}).first()


def response(connection: Connection, token_hash: bytes) -> Row[Any] | None:
    """Return the response given with a ticket so far."""
    return connection.execute(_RESPONSE, {"hash": token_hash}).first()


def content(connection: Connection, survey_id: str, version: int) -> dict[str, Any]:
    """Return the wording of one version."""
    found: dict[str, Any] = connection.execute(
        _CONTENT, {"survey": survey_id, "version": version}
    ).scalar_one()
    return found


def answer_of_wave(connection: Connection, user_key: int, survey_id: str, wave: int) -> str | None:
    """Return the id of the response that counts for the user, survey and wave."""
    where = {"user": user_key, "survey": survey_id, "wave_number": wave}
    return connection.execute(_OF_WAVE, where).scalar()


def add(connection: Connection, **columns: Any) -> None:
    """Store a new response."""
    connection.execute(_ADD, columns)


def change(connection: Connection, response_id: str, **columns: Any) -> None:
    """Replace columns of a response."""
    connection.execute(update(Response).where(Response.id == response_id).values(**columns))


def keep_clocks(connection: Connection, user_key: int, survey_id: str, **times: Any) -> None:
    """Set the given clocks of the user with the survey; others stay."""
    build = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row: dict[str, Any] = dict.fromkeys(_CLOCK_COLUMNS)
    row |= {"user_key": user_key, "survey_id": survey_id, "answers": 0} | times
    connection.execute(
        build(UserSurvey)
        .values(**row)
        .on_conflict_do_update(index_elements=["user_key", "survey_id"], set_=times)
    )


def keep_user(connection: Connection, user_key: int, **columns: Any) -> None:
    """Set columns of the user: when last shown anything, until when a ticket is open."""
    connection.execute(update(User).where(User.key == user_key).values(**columns))
