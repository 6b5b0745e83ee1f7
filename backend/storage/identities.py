"""Identity secrets by their id."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from backend.storage.db import Database
from backend.storage.models import IdentitySecret

_SECRET = select(IdentitySecret.secret_encrypted).where(
    IdentitySecret.project_id == bindparam("project"),
    IdentitySecret.id == bindparam("secret"),
    IdentitySecret.revoked_at.is_(None),
)


def identity_secret(db: Database, project_id: str, secret_id: str) -> bytes | None:
    """Return the encrypted secret, or None when the project has no such one, or revoked it."""
    with db.read() as session:
        return session.execute(_SECRET, {"project": project_id, "secret": secret_id}).scalar()
