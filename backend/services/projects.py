"""Projects and their keys: made, listed, changed, revoked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.domain import errors, keys
from backend.domain.roles import ROLES as ROLES
from backend.services import audit, last_use
from backend.services.clock import utc_now
from backend.services.ids import new_id, new_token
from backend.services.scope import check_revision, one
from backend.storage.db import Database
from backend.storage.models import AdminToken, ApiKey, Project

IDENTITY_MODES: Final = ("required", "optional", "anonymous")
SECRET_SCOPES: Final = ("events:write", "users:write")
TOKEN_DAYS: Final = 90
MAX_TOKEN_DAYS: Final = 365
# The current key and the previous one, so that it can be changed without a pause.
MAX_LIVE_KEYS: Final = 2
_CHANGEABLE: Final = (
    "name",
    "timezone",
    "is_enabled",
    "identity_mode",
    "excludes_unverified",
    "allowed_origins",
    "page_rules",
    "page_views",
)


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
    member_id: str | None = None,
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
        member_id=member_id,
    )
    session.add(row)
    session.flush()
    return row, token


def view(project: Project) -> dict[str, Any]:
    """Return a project as the admin plane shows it."""
    members = ("id", *_CHANGEABLE, "is_demo", "created_at", "updated_at", "revision")
    return {name: getattr(project, name) for name in members}


def exists(db: Database, project_id: str) -> bool:
    """Say whether there is such a project."""
    with db.read() as session:
        return session.get(Project, project_id) is not None


def find(session: Session, project_id: str) -> Project:
    """Return a project.

    Raises:
        NotFoundError: there is none.
    """
    project = session.get(Project, project_id)
    if project is None:
        raise errors.NotFoundError
    return project


def listed(
    session: Session, own: Collection[str] | None, after: str | None, limit: int
) -> list[Project]:
    """Return projects by id, those after `after`; only `own` for who may not know of all."""
    query = select(Project).order_by(Project.id).limit(limit)
    if own is not None:
        query = query.where(Project.id.in_(own))
    if after is not None:
        query = query.where(Project.id > after)
    return list(session.scalars(query))


def change(
    session: Session,
    project_id: str,
    changes: Mapping[str, Any],
    *,
    actor: str,
    if_match: frozenset[str] | None,
) -> Project:
    """Change members of a project; the next request of a page or server meets them so.

    Raises:
        NotFoundError, PreconditionRequiredError, PreconditionFailedError.
    """
    project = session.get(Project, project_id, with_for_update=True)
    if project is None:
        raise errors.NotFoundError
    check_revision(str(project.revision), if_match)
    old = {name: getattr(project, name) for name in changes}
    for name, value in changes.items():
        setattr(project, name, value)
    project.updated_at = utc_now()
    project.revision += 1
    audit.record(
        session,
        actor=actor,
        action="project.change",
        subject=project.id,
        project_id=project.id,
        changes=audit.difference(old, changes),
    )
    return project


def key_view(key: ApiKey) -> dict[str, Any]:
    """Return a key as the admin plane shows it: of a secret one its ends only."""
    members = ("id", "kind", "prefix", "suffix", "scopes", "created_at", "revoked_at")
    shown = {name: getattr(key, name) for name in members} | last_use.shown(key)
    return shown | {"key": key.token}


def keys_of(session: Session, project_id: str) -> list[ApiKey]:
    """Return a project's keys, newest first, revoked ones too."""
    query = select(ApiKey).where(ApiKey.project_id == project_id)
    return list(session.scalars(query.order_by(ApiKey.created_at.desc(), ApiKey.id)))


def add_key(session: Session, project_id: str, kind: str, *, actor: str) -> tuple[ApiKey, str]:
    """Add a key beside the one in use.

    Raises:
        NotFoundError: no such project.
        ConflictError: two live ones of this kind exist.
    """
    # The project's row, so that two at once cannot both be the second.
    if session.get(Project, project_id, with_for_update=True) is None:
        raise errors.NotFoundError
    live = select(func.count()).where(
        ApiKey.project_id == project_id, ApiKey.kind == kind, ApiKey.revoked_at.is_(None)
    )
    if session.execute(live).scalar_one() >= MAX_LIVE_KEYS:
        raise errors.ConflictError(f"Revoke one of the two {kind} keys first.")
    key, token = create_key(session, project_id, kind)
    audit.record(session, actor=actor, action="key.create", subject=key.id, project_id=project_id)
    return key, token


def revoke_key(session: Session, project_id: str, key_id: str, *, actor: str) -> None:
    """Revoke a key, at once and for good; a second time changes nothing.

    Raises:
        NotFoundError.
    """
    key = one(session, ApiKey, project_id, key_id, lock=True)
    if key.revoked_at is None:
        key.revoked_at = utc_now()
        audit.record(
            session, actor=actor, action="key.revoke", subject=key.id, project_id=project_id
        )
