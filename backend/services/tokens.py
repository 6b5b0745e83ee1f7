"""Admin tokens of a project, listed, added and revoked by holders of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain import errors
from backend.services import audit, last_use, projects
from backend.services.clock import utc_now
from backend.services.credentials import Principal
from backend.services.scope import one
from backend.storage.models import AdminToken

ALL: Final = "*"
SCOPES: Final = (
    ALL,
    "projects:read",
    "projects:write",
    "keys:read",
    "keys:write",
    "surveys:read",
    "surveys:write",
    "responses:read",
    "responses:write",
    "users:read",
    "users:write",
    "members:read",
    "members:write",
    "insights:read",
    "insights:write",
    "audit:read",
)


def view(token: AdminToken) -> dict[str, Any]:
    """Return a token as the admin plane shows it: its ends only."""
    members = (
        "id",
        "name",
        "role",
        "scopes",
        "prefix",
        "suffix",
        "created_at",
        "expires_at",
        "revoked_at",
    )
    return {name: getattr(token, name) for name in members} | last_use.shown(token)


def tokens_of(session: Session, project_id: str) -> list[AdminToken]:
    """Return the tokens of a project, newest first, expired and revoked ones too."""
    query = select(AdminToken).where(AdminToken.project_id == project_id)
    return list(session.scalars(query.order_by(AdminToken.created_at.desc(), AdminToken.id)))


def add(
    session: Session,
    project_id: str,
    *,
    name: str,
    role: str,
    days: int,
    scopes: Sequence[str],
    by: Principal,
) -> tuple[AdminToken, str]:
    """Add a token that may do no more than `by`, who adds it.

    Raises:
        RoleForbiddenError: a higher role than one's own.
        ScopeMissingError: a scope one does not have.
    """
    _check_role(role, by)
    if ALL not in by.scopes and not by.scopes.issuperset(scopes):
        raise errors.ScopeMissingError("A token can have only scopes that its maker has.")
    token, secret = projects.create_token(
        session,
        project_id=project_id,
        name=name,
        role=role,
        days=days,
        scopes=scopes,
        member_id=by.member_id,
    )
    audit.record(
        session,
        actor=by.token_id,
        action="token.create",
        subject=token.id,
        project_id=project_id,
        changes={"role": [None, role], "scopes": [None, list(scopes)]},
    )
    return token, secret


def revoke(session: Session, project_id: str, token_id: str, *, by: Principal) -> None:
    """Revoke a token, at once and for good; a second time changes nothing.

    Raises:
        NotFoundError, RoleForbiddenError (the token's role is above one's own).
    """
    token = one(session, AdminToken, project_id, token_id, lock=True)
    _check_role(token.role, by)
    if token.revoked_at is None:
        token.revoked_at = utc_now()
        audit.record(
            session,
            actor=by.token_id,
            action="token.revoke",
            subject=token.id,
            project_id=project_id,
        )


def _check_role(role: str, by: Principal) -> None:
    if projects.ROLES.index(role) > projects.ROLES.index(by.role):
        raise errors.RoleForbiddenError("A role above one's own can be neither given nor taken.")
