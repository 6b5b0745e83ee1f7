"""What members do with their own account: password and second factor."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain.errors import ConflictError, FieldError, InvalidRequestError, LoginFailedError
from backend.domain.passwords import fault_of
from backend.services import passwords, sessions, totp
from backend.services.sessions import LoggedIn
from backend.services.vault import Vault
from backend.storage.db import Database
from backend.storage.models import Member, Project

_LISTED: Final = 1_000


def view(db: Database, known: LoggedIn) -> dict[str, Any]:
    """Return who is logged in and the projects they may enter, by name."""
    query = select(Project.id, Project.name).order_by(Project.name, Project.id).limit(_LISTED)
    if known.everywhere_role is None:
        query = query.where(Project.id.in_(known.project_roles))
    with db.read() as session:
        rows = session.execute(query).all()
    return {
        "member_id": known.member_id,
        "email": known.email,
        "name": known.name,
        "everywhere_role": known.everywhere_role,
        "has_second_factor": known.has_totp,
        "projects": [
            {"id": row.id, "name": row.name, "role": known.principal(row.id).role} for row in rows
        ],
    }


def change_password(
    db: Database, known: LoggedIn, *, current_password: str, new_password: str, now: datetime
) -> LoggedIn:
    """Replace the password; every session ends, and a new one takes this one's place.

    Raises:
        LoginFailedError: the current password is another one.
        InvalidRequestError: the new one may not be a password.
    """
    old_hash = _hash_of(db, known)
    if not passwords.is_right(old_hash, current_password):
        raise LoginFailedError
    if fault := fault_of(new_password, known.email):
        raise InvalidRequestError(errors=[FieldError("#/new_password", fault)])
    new_hash = passwords.hashed(new_password)

    def work(session: Session) -> str:
        member = _own(session, known)
        if member.password_hash != old_hash:
            raise LoginFailedError
        member.password_hash = new_hash
        sessions.audit_of(session, member.id, "password.change")
        return sessions.renew(session, member.id, now)

    token = db.transact(work)
    return replace(known, token=token, expires_at=now + sessions.ABSOLUTE)


def new_second_factor(db: Database, vault: Vault, known: LoggedIn) -> dict[str, str]:
    """Give the member a secret that counts once a code of it has come.

    Raises:
        ConflictError: one is in use; turn it off first.
    """
    secret = totp.new_secret()

    def work(session: Session) -> None:
        member = _own(session, known)
        if member.totp_enabled:
            raise ConflictError("Turn the second factor off first.")
        member.totp_encrypted = vault.encrypt(secret)
        member.totp_step = 0

    db.transact(work)
    return {"secret": secret, "address": totp.address(secret, known.email)}


def turn_second_factor(
    db: Database, vault: Vault, known: LoggedIn, *, code: str, enabled: bool, now: datetime
) -> None:
    """Turn the second factor on or off.

    Raises:
        LoginFailedError: the code is wrong or used, or no second factor was begun.
    """

    def work(session: Session) -> None:
        member = _own(session, known)
        if member.totp_encrypted is None:
            raise LoginFailedError("Begin with POST /session/second-factor.")
        step = totp.step_of(vault.decrypt(member.totp_encrypted), code, now, member.totp_step)
        if step is None:
            raise LoginFailedError
        member.totp_step = step
        member.totp_enabled = enabled
        if not enabled:
            member.totp_encrypted = None
        action = "second_factor.on" if enabled else "second_factor.off"
        sessions.audit_of(session, member.id, action)

    db.transact(work)


def _hash_of(db: Database, known: LoggedIn) -> str | None:
    with db.read() as session:
        return session.scalars(
            select(Member.password_hash).where(Member.id == known.member_id)
        ).one_or_none()


def _own(session: Session, known: LoggedIn) -> Member:
    member = session.get(Member, known.member_id, with_for_update=True)
    if member is None:
        raise LoginFailedError
    return member
