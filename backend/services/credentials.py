"""Finds out whom a presented key or token belongs to; revoking works within seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.domain import errors, keys, roles
from backend.services import audit, last_use
from backend.services.clock import utc_now
from backend.storage.db import Database
from backend.storage.models import AdminToken, ApiKey, Member, Membership

# Each call would cost a query; a revoked key must stop within 5 s everywhere.
CACHE_S: Final = 3.0
_MAX_CACHED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls the admin plane: a token, or a member with a session.

    Args:
        token_id: the token's id, or the member's: whom the audit log names.
        project_id: None for a token or member of the whole installation.
        member_id: the member behind a session or a token, None for tokens that nobody owns.
        projects: those of a member whose request names none of several; `project_id` is then "".
    """

    token_id: str
    project_id: str | None
    role: str
    scopes: frozenset[str]
    member_id: str | None = None
    projects: frozenset[str] | None = None

    @property
    def own_projects(self) -> frozenset[str] | None:
        """All projects this caller may know of; None for every one."""
        if self.projects is not None or self.project_id is None:
            return self.projects
        return frozenset({self.project_id})


class _Cache:
    """Remembers look-ups for some seconds, and forgets all when this process writes keys."""

    def __init__(self) -> None:
        # By digest: what strangers present may be long, and must not fill the memory.
        self._kept: dict[tuple[int, bytes], tuple[float, int, Any]] = {}

    def get(self, db: Database, presented: str) -> Any:
        found = self._kept.get((id(db), keys.digest(presented)))
        if found and found[0] > time.monotonic() and found[1] == db.generation:
            return found[2]
        return None

    def put(self, db: Database, presented: str, value: Any) -> None:
        if len(self._kept) > _MAX_CACHED:
            self._kept.clear()
        expires = time.monotonic() + CACHE_S
        self._kept[id(db), keys.digest(presented)] = (expires, db.generation, value)


_cache = _Cache()
# By digest, the day on which its exposure was noted last; only keys that exist are in it.
_told: dict[bytes, date] = {}


def publishable_key_project(db: Database, presented: str) -> str:
    """Return the project of a publishable key.

    Raises:
        KeyInvalidError: unknown, malformed or revoked: one answer for all.
        KeyNotAllowedError: a key of another kind.
    """
    kind = keys.kind_of(presented)
    if kind is not None and kind != keys.PUBLISHABLE:
        raise errors.KeyNotAllowedError("Use the publishable key (pk_…) here.")
    return _project_of(db, presented, keys.PUBLISHABLE).project_id


def secret_key_project(db: Database, presented: str, scope: str) -> str:
    """Return the project of a secret key with `scope`.

    Raises:
        KeyInvalidError, ScopeMissingError.
    """
    found = _project_of(db, presented, keys.SECRET)
    if scope not in found.scopes:
        raise errors.ScopeMissingError(f"This needs the scope {scope}.")
    return found.project_id


def note_exposure(db: Database, presented: str) -> None:
    """Tell the admins, once a day, that a secret key of theirs came from a web page."""
    token_hash, today = keys.digest(presented), utc_now().date()
    if _told.get(token_hash) == today:
        return
    query = select(ApiKey.id, ApiKey.project_id).where(
        ApiKey.token_hash == token_hash, ApiKey.revoked_at.is_(None)
    )
    with db.read() as session:
        key = session.execute(query).first()
    if key is None:
        return

    def note(session: Session) -> None:
        audit.record(
            session, actor=key.id, action="key.exposed", subject=key.id, project_id=key.project_id
        )

    db.transact(note)
    _told[token_hash] = today


def admin_principal(db: Database, presented: str) -> Principal:
    """Return who a bearer token belongs to.

    Raises:
        TokenInvalidError: none, unknown, expired or revoked: one answer for all.
        KeyNotAllowedError: a publishable or secret key.
    """
    if keys.kind_of(presented) in (keys.PUBLISHABLE, keys.SECRET):
        raise errors.KeyNotAllowedError("Use an admin token (at_…) here.")
    if not keys.is_shaped_like(keys.ADMIN_TOKEN, presented):
        raise errors.TokenInvalidError
    known = _cache.get(db, presented)
    if known is None:
        known = _find_token(db, presented)
        _cache.put(db, presented, known)
    principal, expires_at = cast(tuple[Principal | None, datetime | None], known)
    if principal is None or (expires_at is not None and expires_at <= utc_now()):
        raise errors.TokenInvalidError
    return principal


@dataclass(frozen=True, slots=True)
class _Key:
    project_id: str
    scopes: frozenset[str]


def _project_of(db: Database, presented: str, prefix: str) -> _Key:
    known = _cache.get(db, presented)
    if known is None:
        known = _find_key(db, presented, prefix) if presented else ()
        _cache.put(db, presented, known)
    if not known:
        raise errors.KeyInvalidError
    return cast(_Key, known)


def _find_key(db: Database, presented: str, prefix: str) -> _Key | tuple[()]:
    # A malformed key is looked up like any other, so that both take the same time.
    query = select(ApiKey.id, ApiKey.project_id, ApiKey.scopes, ApiKey.last_used_day).where(
        ApiKey.token_hash == keys.digest(presented), ApiKey.revoked_at.is_(None)
    )
    with db.read() as session:
        row = session.execute(query).first()
    if row is None or not keys.is_shaped_like(prefix, presented):
        return ()
    last_use.note(db, ApiKey, row.id, row.last_used_day, utc_now())
    return _Key(row.project_id, frozenset(row.scopes))


def _find_token(db: Database, presented: str) -> tuple[Principal | None, datetime | None]:
    query = select(AdminToken).where(
        AdminToken.token_hash == keys.digest(presented),
        or_(AdminToken.revoked_at.is_(None), AdminToken.revoked_at > utc_now()),
    )
    with db.read() as session:
        found = session.execute(query).scalar_one_or_none()
        if found is None:
            return None, None
        role: str | None = found.role
        if found.member_id is not None:
            role = _role_of_owned(session, found)
        if role is None:
            return None, None
        principal = Principal(
            found.id, found.project_id, role, frozenset(found.scopes), found.member_id
        )
        expires_at, last_used_day = found.expires_at, found.last_used_day
    if expires_at > utc_now():
        last_use.note(db, AdminToken, principal.token_id, last_used_day, utc_now())
    return principal, expires_at


def _role_of_owned(session: Session, token: AdminToken) -> str | None:
    """Return the role of a member's token: never above their own, none once they are removed."""
    member = session.get(Member, token.member_id)
    if member is None:
        return None
    own = session.get(Membership, (token.project_id, member.id)) if token.project_id else None
    highest = roles.higher(member.everywhere_role, own.role if own else None)
    return None if highest is None else roles.lower(token.role, highest)
