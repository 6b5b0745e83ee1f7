"""Dashboard sessions: begun by a login, kept on the server, ended there."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from backend.domain import roles
from backend.domain.errors import (
    FieldError,
    InvalidRequestError,
    LoginFailedError,
    NotFoundError,
    RateLimitedError,
)
from backend.services import audit, passwords, totp
from backend.services.credentials import Principal
from backend.services.vault import Vault
from backend.storage.db import Database
from backend.storage.models import DashboardSession, LoginAttempt, Member, Membership

IDLE: Final = timedelta(hours=12)
ABSOLUTE: Final = timedelta(days=7)
ATTEMPTS: Final = 5
ATTEMPTS_WITHIN: Final = timedelta(minutes=1)
# A row is not written for every request: "last seen" is kept to some minutes.
_SEEN_STEP: Final = timedelta(minutes=5)
_SCOPES: Final = frozenset({"*"})


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A member with a living session, as the tables have them this moment.

    Args:
        token: what the cookie holds.
        project_roles: their role by project, besides `everywhere_role`.
    """

    token: str
    member_id: str
    email: str
    name: str
    everywhere_role: str | None
    project_roles: Mapping[str, str]
    has_totp: bool
    expires_at: datetime

    @property
    def csrf_token(self) -> str:
        """What a change must carry: known to pages that can read our answers, and to no others."""
        return _text(hmac.digest(self.token.encode(), b"csrf", "sha256"))

    def principal(self, project_id: str | None, *, needs_project: bool = True) -> Principal:
        """Return what the member is for a request about `project_id` (None: it names none).

        Args:
            needs_project: False for requests that are about all projects of the caller.
        Raises:
            NotFoundError: no project of theirs: the same whether it exists or not.
            InvalidRequestError: there are several, and none is named.
        """
        if self.everywhere_role is not None:
            own = self.project_roles.get(project_id or "")
            role = roles.higher(self.everywhere_role, own) or self.everywhere_role
            return Principal(self.member_id, None, role, _SCOPES, self.member_id)
        if project_id is None and needs_project and len(self.project_roles) == 1:
            project_id = next(iter(self.project_roles))
        if project_id is None and not needs_project:
            known = frozenset(self.project_roles)
            return Principal(self.member_id, "", roles.VIEWER, _SCOPES, self.member_id, known)
        if project_id is None:
            fault = FieldError("#/query/project_id", "Name the project: you belong to several.")
            raise InvalidRequestError(errors=[fault])
        if project_id not in self.project_roles:
            raise NotFoundError
        role = self.project_roles[project_id]
        return Principal(self.member_id, project_id, role, _SCOPES, self.member_id)


def log_in(
    db: Database,
    vault: Vault,
    *,
    email: str,
    password: str,
    code: str | None,
    now: datetime,
    is_limited: bool = True,
) -> LoggedIn:
    """Begin a session.

    Raises:
        RateLimitedError: five logins of this address within a minute; right ones wait too.
        LoginFailedError: the same for an unknown address and a wrong password, in the same time.
            Who knows the password is told (`#/code`) that the second factor is wanted.
    """
    email = canonical_email(email)
    if is_limited:
        count_attempt(db, email, now)
    with db.read() as session:
        member = session.scalars(select(Member).where(Member.email == email)).one_or_none()
        session.expunge_all()
    if not passwords.is_right(member.password_hash if member else None, password):
        _refuse(db, member)
    assert member is not None
    step = member.totp_step
    if member.totp_enabled:
        step = _second_factor(db, vault, member, code, now)
    return db.transact(lambda session: _begin(session, member, step, now))


def count_attempt(db: Database, email: str, now: datetime) -> None:
    """Count a login of an address, whether anybody has it or not.

    Raises:
        RateLimitedError: it was tried too often; this time does not count.
    """
    account = hashlib.sha256(email.encode()).digest()

    def work(session: Session) -> datetime | None:
        session.execute(delete(LoginAttempt).where(LoginAttempt.at <= now - ATTEMPTS_WITHIN))
        tried, first = session.execute(
            select(func.count(), func.min(LoginAttempt.at)).where(
                LoginAttempt.account_hash == account
            )
        ).one()
        if tried >= ATTEMPTS:
            return first
        session.add(LoginAttempt(account_hash=account, at=now))
        return None

    first = db.transact(work)
    if first is not None:
        wait_s = int((first + ATTEMPTS_WITHIN - now).total_seconds()) + 1
        raise RateLimitedError("account", ATTEMPTS, 60, max(1, wait_s))


def find(db: Database, token: str, now: datetime) -> LoggedIn | None:
    """Return whose session this is, or None: unknown, idle for 12 hours, 7 days old, ended."""
    if not 40 <= len(token) <= 50 or not token.isascii():
        return None
    id_hash = _digest(token)
    with db.read() as session:
        row = session.execute(
            select(DashboardSession, Member)
            .join(Member, Member.id == DashboardSession.member_id)
            .where(DashboardSession.id_hash == id_hash)
        ).one_or_none()
        if row is None or not _is_alive(row[0], now):
            return None
        found = _logged_in(session, token, row[1], row[0].created_at)
        is_stale = now - row[0].last_seen_at >= _SEEN_STEP
    if is_stale:
        seen = update(DashboardSession).where(DashboardSession.id_hash == id_hash)
        db.write(lambda connection: connection.execute(seen.values(last_seen_at=now)))
    return found


def end(db: Database, token: str) -> None:
    """End a session; its cookie opens nothing any more."""

    def work(session: Session) -> None:
        found = session.get(DashboardSession, _digest(token))
        if found is not None:
            audit_of(session, found.member_id, "session.end")
            session.delete(found)

    db.transact(work)


def listed(session: Session, known: LoggedIn, now: datetime) -> list[dict[str, Any]]:
    """Return the living sessions of a member, the one seen last first, without their ids."""
    query = select(DashboardSession).where(DashboardSession.member_id == known.member_id)
    own = _digest(known.token)
    rows = session.scalars(query.order_by(DashboardSession.last_seen_at.desc()))
    return [
        {
            "is_current": row.id_hash == own,
            "created_at": row.created_at,
            "last_seen_at": row.last_seen_at,
        }
        for row in rows
        if _is_alive(row, now)
    ]


def end_others(db: Database, known: LoggedIn) -> None:
    """End all sessions of a member but this one."""

    def work(session: Session) -> None:
        end_all(session, known.member_id, but=known.token)
        audit_of(session, known.member_id, "session.end_others")

    db.transact(work)


def end_all(session: Session, member_id: str, *, but: str | None = None) -> None:
    """End all sessions of a member, but for the one of the token `but`."""
    query = delete(DashboardSession).where(DashboardSession.member_id == member_id)
    if but is not None:
        query = query.where(DashboardSession.id_hash != _digest(but))
    session.execute(query)


def renew(session: Session, member_id: str, now: datetime) -> str:
    """End all sessions of a member and begin one under a new id; return its token."""
    end_all(session, member_id)
    return _add(session, member_id, now)


def audit_of(session: Session, member_id: str, action: str) -> None:
    """Record what a member did in the log of each of their projects."""
    projects = session.scalars(
        select(Membership.project_id).where(Membership.member_id == member_id)
    ).all()
    for project_id in projects or (None,):
        audit.record(
            session, actor=member_id, action=action, subject=member_id, project_id=project_id
        )


def forget_old(db: Database, now: datetime) -> int:
    """Delete sessions that are over; return how many."""
    old = or_(
        DashboardSession.last_seen_at <= now - IDLE, DashboardSession.created_at <= now - ABSOLUTE
    )
    query = delete(DashboardSession).where(old)
    return db.write(lambda connection: connection.execute(query).rowcount)


def canonical_email(email: str) -> str:
    """Return an address as it is kept and compared."""
    return email.strip().casefold()


def _second_factor(
    db: Database, vault: Vault, member: Member, code: str | None, now: datetime
) -> int:
    if not code:
        fault = FieldError("#/code", "Send the six digits of your second factor.")
        raise LoginFailedError(errors=[fault])
    secret = vault.decrypt(member.totp_encrypted or b"")
    step = totp.step_of(secret, code, now, member.totp_step)
    if step is None:
        _refuse(db, member)
    assert step is not None
    return step


def _refuse(db: Database, member: Member | None) -> None:
    if member is not None:
        member_id = member.id
        db.transact(lambda session: audit_of(session, member_id, "session.refuse"))
    raise LoginFailedError


def _begin(session: Session, member: Member, step: int, now: datetime) -> LoggedIn:
    current = session.get(Member, member.id, with_for_update=True)
    # Meanwhile removed, given another password, or the same digits came twice at once.
    if current is None or current.password_hash != member.password_hash:
        raise LoginFailedError
    if current.totp_enabled:
        if step <= current.totp_step:
            raise LoginFailedError
        current.totp_step = step
    token = _add(session, current.id, now)
    audit_of(session, current.id, "session.create")
    session.flush()
    return _logged_in(session, token, current, now)


def _add(session: Session, member_id: str, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    session.add(
        DashboardSession(
            id_hash=_digest(token), member_id=member_id, created_at=now, last_seen_at=now
        )
    )
    return token


def _logged_in(session: Session, token: str, member: Member, began_at: datetime) -> LoggedIn:
    rows = session.execute(
        select(Membership.project_id, Membership.role).where(Membership.member_id == member.id)
    )
    return LoggedIn(
        token=token,
        member_id=member.id,
        email=member.email,
        name=member.name,
        everywhere_role=member.everywhere_role,
        project_roles={row.project_id: row.role for row in rows},
        has_totp=member.totp_enabled,
        expires_at=began_at + ABSOLUTE,
    )


def _is_alive(session: DashboardSession, now: datetime) -> bool:
    return now < session.created_at + ABSOLUTE and now < session.last_seen_at + IDLE


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _text(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")
