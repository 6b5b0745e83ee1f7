"""The secrets with which a host signs who its users are: added, listed, revoked."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.domain import errors, identity_checks
from backend.domain.identity_checks import Key
from backend.domain.values import is_name
from backend.services import audit, last_use
from backend.services.clock import utc_now
from backend.services.ids import new_id
from backend.services.scope import one
from backend.services.vault import Vault
from backend.storage.models import IdentitySecret, Project

PREFIX: Final = "ids_"
BYTES: Final = 32
# The one that servers move to and the one they still sign with.
MAX_LIVE: Final = 2


def view(secret: IdentitySecret) -> dict[str, Any]:
    """Return a secret as the admin plane shows it: without itself."""
    members = {name: getattr(secret, name) for name in ("id", "created_at", "revoked_at")}
    return members | last_use.shown(secret)


def secrets_of(session: Session, project_id: str) -> list[IdentitySecret]:
    """Return a project's secrets, newest first, revoked ones too."""
    query = select(IdentitySecret).where(IdentitySecret.project_id == project_id)
    order = (IdentitySecret.created_at.desc(), IdentitySecret.id)
    return list(session.scalars(query.order_by(*order)))


def add(
    session: Session, vault: Vault, project_id: str, *, actor: str
) -> tuple[IdentitySecret, str]:
    """Add a secret beside the one in use; return its row and itself, shown once.

    Its id is the `kid` of the tokens it signs; its bytes as text, prefix included, are the key.

    Raises:
        NotFoundError: no such project.
        ConflictError: two live ones exist.
    """
    # The project's row, so that two at once cannot both be the second.
    if session.get(Project, project_id, with_for_update=True) is None:
        raise errors.NotFoundError
    live = select(func.count()).where(
        IdentitySecret.project_id == project_id, IdentitySecret.revoked_at.is_(None)
    )
    if session.execute(live).scalar_one() >= MAX_LIVE:
        raise errors.ConflictError("Revoke one of the two identity secrets first.")
    text = PREFIX + secrets.token_urlsafe(BYTES)
    row = IdentitySecret(
        id=new_id("is_"),
        project_id=project_id,
        secret_encrypted=vault.encrypt(text),
        created_at=utc_now(),
        revoked_at=None,
    )
    session.add(row)
    audit.record(
        session,
        actor=actor,
        action="identity_secret.create",
        subject=row.id,
        project_id=project_id,
    )
    return row, text


def revoke(session: Session, project_id: str, secret_id: str, *, actor: str) -> None:
    """Revoke a secret, at once and for good; a second time changes nothing.

    Raises:
        NotFoundError.
    """
    secret = one(session, IdentitySecret, project_id, secret_id, lock=True)
    if secret.revoked_at is None:
        secret.revoked_at = utc_now()
        audit.record(
            session,
            actor=actor,
            action="identity_secret.revoke",
            subject=secret.id,
            project_id=project_id,
        )


def check(
    session: Session, vault: Vault, project_id: str, token: str, now: datetime
) -> dict[str, Any]:
    """Return what the server makes of an identity token, check by check; nothing is stored.

    Raises:
        NotFoundError: no such project.
    """
    project = session.get(Project, project_id)
    if project is None:
        raise errors.NotFoundError
    kid = (identity_checks.header_of(token) or {}).get("kid")
    row = session.get(IdentitySecret, kid) if isinstance(kid, str) and is_name(kid) else None
    key = None
    if row is not None and row.project_id == project_id:
        key = Key(row.id, vault.decrypt(row.secret_encrypted), row.revoked_at)
    found = identity_checks.checks(token, key, project_id, project.identity_mode, now)
    return {
        "is_taken": all(one.passed for one in found),
        "checks": [asdict(one) for one in found],
    }
