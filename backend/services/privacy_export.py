"""All that is kept about one person, as one JSON document: what they may ask for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain import privacy
from backend.domain.calendar import day_date
from backend.domain.errors import NotFoundError
from backend.domain.timestamps import format_time
from backend.services import audit, response_views
from backend.services.erased import key_of
from backend.services.vault import Vault
from backend.storage import links
from backend.storage.models import (
    Account,
    Decision,
    Name,
    Response,
    Ticket,
    User,
    UserSurvey,
)
from backend.storage.usage.store import UsageStore

_PERSON = ("user_id", "is_anonymous", "traits", "armed")
_PERSON_TIMES = ("first_seen_at", "last_seen_at", "last_shown_at", "last_invited_at")
_CLOCKS = ("survey_id", "shown_at", "answered_at", "declined_at", "later_at", "last_score")
_DECISION = ("id", "at", "is_shown", "reason", "survey_id", "version", "is_manual", "page")
_TICKET = ("survey_id", "version", "context", "issued_at", "expires_at")


def export(
    session: Session, usage: UsageStore, project_id: str, user_id: str, *, is_anonymous: bool
) -> dict[str, Any]:
    """Return every row about a person, with those of browsers linked to them.

    Raises:
        NotFoundError: nothing is kept under this id.
    """
    people = links.rows_of(session, project_id, user_id, is_anonymous)
    if not people:
        raise NotFoundError
    keys = [person.key for person in people]
    return {
        "people": [_person(session, person) for person in people],
        "surveys": [
            _members(row, _CLOCKS)
            for row in session.scalars(
                select(UserSurvey)
                .where(UserSurvey.user_key.in_(keys))
                .order_by(UserSurvey.survey_id)
            )
        ],
        "responses": _responses(session, project_id, keys),
        "invitations": [
            _members(row, _TICKET)
            for row in session.scalars(
                select(Ticket).where(Ticket.user_key.in_(keys)).order_by(Ticket.issued_at)
            )
        ],
        "decisions": [
            _members(row, _DECISION) | {"evaluations": row.evaluations}
            for row in session.scalars(
                select(Decision).where(Decision.user_key.in_(keys)).order_by(Decision.at)
            )
        ],
        "usage": _usage(session, usage, project_id, keys),
    }


def record(
    session: Session,
    vault: Vault,
    project_id: str,
    user_id: str,
    *,
    is_anonymous: bool,
    actor: str,
) -> None:
    """Note in the audit log that a person's data left the house, without their id."""
    key = key_of(session, vault)
    hashed = privacy.id_hmac(key, project_id, user_id, is_anonymous) if key else None
    audit.record(
        session,
        actor=actor,
        action="user.export",
        subject=privacy.tag(hashed) if hashed else "user",
        project_id=project_id,
    )


def _person(session: Session, person: User) -> dict[str, Any]:
    account = session.get(Account, person.account_key) if person.account_key else None
    return _members(person, (*_PERSON, *_PERSON_TIMES)) | {
        "account_id": account.account_id if account else None
    }


def _responses(session: Session, project_id: str, keys: Sequence[int]) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Response, User.user_id, User.is_anonymous, Account.account_id)
        .join(User, User.key == Response.user_key)
        .join(Account, Account.key == Response.account_key, isouter=True)
        .where(Response.project_id == project_id, Response.user_key.in_(keys))
        .order_by(Response.invited_at)
    ).all()
    views = response_views.views(session, project_id, rows, names_people=True)
    return [{name: _plain(value) for name, value in view.items()} for view in views]


def _usage(
    session: Session, usage: UsageStore, project_id: str, keys: Sequence[int]
) -> list[dict[str, Any]]:
    rows = usage.timeline(session.connection(), keys)
    names = {
        row.id: (row.kind, row.name)
        for row in session.execute(
            select(Name.id, Name.kind, Name.name).where(Name.project_id == project_id)
        )
    }
    return [
        {
            "day": day_date(row.day).isoformat(),
            "kind": names[row.name_id][0],
            "name": names[row.name_id][1],
            "count": row[3],
            "engaged_ms": row.engaged_ms,
        }
        for row in rows
        if row.name_id in names
    ]


def _members(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    return format_time(value) if isinstance(value, datetime) else value
