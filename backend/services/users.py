"""One user of the host's as admins read them: traits, clocks, recent answers."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain.errors import NotFoundError
from backend.services import response_views, responses
from backend.storage.models import Account, User, UserSurvey

RECENT: Final = 20
_CLOCKS: Final = ("shown_at", "answered_at", "declined_at", "later_at", "last_score", "answers")


def view(
    session: Session, project_id: str, user_id: str, *, is_anonymous: bool = False
) -> dict[str, Any]:
    """Return what is kept of a user.

    Raises:
        NotFoundError.
    """
    user = session.scalars(
        select(User).where(
            User.project_id == project_id,
            User.user_id == user_id,
            User.is_anonymous == is_anonymous,
        )
    ).one_or_none()
    if user is None:
        raise NotFoundError
    recent = responses.of_user(session, user, RECENT)
    members = ("user_id", "traits", "first_seen_at", "last_seen_at", "last_shown_at")
    return {name: getattr(user, name) for name in members} | {
        "anonymous": user.is_anonymous,
        "last_invited_at": user.last_invited_at,
        "open_ticket_until": user.open_ticket_until,
        "account": _account(session, user),
        "surveys": _clocks(session, user),
        "responses": response_views.views(session, project_id, recent, names_people=True),
    }


def _account(session: Session, user: User) -> dict[str, Any] | None:
    account = session.get(Account, user.account_key) if user.account_key is not None else None
    if account is None:
        return None
    return {
        "id": account.account_id,
        "traits": account.traits,
        "first_seen_at": account.first_seen_at,
    }


def _clocks(session: Session, user: User) -> list[dict[str, Any]]:
    query = select(UserSurvey).where(UserSurvey.user_key == user.key)
    return [
        {"survey_id": clocks.survey_id} | {name: getattr(clocks, name) for name in _CLOCKS}
        for clocks in session.scalars(query.order_by(UserSurvey.survey_id))
    ]
