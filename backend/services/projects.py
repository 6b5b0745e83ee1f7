"""Projects and their keys: made, listed, changed, revoked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from backend.domain import keys
from backend.services.clock import utc_now
from backend.services.ids import new_id, new_token
from backend.storage.models import AdminToken, ApiKey, Project

SECRET_SCOPES: Final = ("events:write", "users:write")
TOKEN_DAYS: Final = 90
MAX_TOKEN_DAYS: Final = 365


@dataclass(frozen=True, slots=True)
class NewProject:
    """A project as it is handed over once: its secret key is never shown again."""

    project: Project
    publishable_key: str
    secret_key: str


def create(
    session: Session,
    *,
    name: str,
    timezone: str = "UTC",
    origins: Sequence[str] = (),
    identity_mode: str = "optional",
    is_demo: bool = False,
) -> NewProject:
    """Add a project with one publishable and one secret key."""
    now = utc_now()
    project = Project(
        id=new_id("prj_"),
        name=name,
        timezone=timezone,
        is_enabled=True,
        is_demo=is_demo,
        identity_mode=identity_mode,
        excludes_unverified=False,
        allowed_origins=list(origins),
        page_rules=[],
        created_at=now,
        updated_at=now,
        revision=1,
    )
    session.add(project)
    session.flush()
    _, publishable = create_key(session, project.id, "publishable")
    _, secret = create_key(session, project.id, "secret")
    return NewProject(project, publishable, secret)


def create_key(session: Session, project_id: str, kind: str) -> tuple[ApiKey, str]:
    """Add a `publishable` or `secret` key; return its row and the key itself, shown once."""
    token = new_token(keys.PUBLISHABLE if kind == "publishable" else keys.SECRET)
    prefix, suffix = keys.hint(token)
    row = ApiKey(
        id=new_id("key_"),
        project_id=project_id,
        kind=kind,
        token=token if kind == "publishable" else None,
        token_hash=keys.digest(token),
        prefix=prefix,
        suffix=suffix,
        scopes=[] if kind == "publishable" else list(SECRET_SCOPES),
        created_at=utc_now(),
        revoked_at=None,
        last_used_day=None,
    )
    session.add(row)
    session.flush()
    return row, token


def create_token(
    session: Session,
    *,
    project_id: str | None,
    name: str,
    role: str = "admin",
    days: int = TOKEN_DAYS,
    scopes: Sequence[str] = ("*",),
) -> tuple[AdminToken, str]:
    """Add an admin token; return its row and the token itself, shown once."""
    token = new_token(keys.ADMIN_TOKEN)
    prefix, suffix = keys.hint(token)
    now = utc_now()
    row = AdminToken(
        id=new_id("tok_"),
        project_id=project_id,
        name=name,
        role=role,
        scopes=list(scopes),
        token_hash=keys.digest(token),
        prefix=prefix,
        suffix=suffix,
        created_at=now,
        expires_at=now + timedelta(days=min(days, MAX_TOKEN_DAYS)),
        revoked_at=None,
        last_used_day=None,
    )
    session.add(row)
    session.flush()
    return row, token
