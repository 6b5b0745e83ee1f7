"""One-time links: an invitation to a role, or leave to choose a new password.

The link is shown once to whoever made it, an owner or the operator; there is nothing in a log.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.domain import roles
from backend.domain.errors import FieldError, InvalidRequestError, LoginFailedError, NotFoundError
from backend.domain.passwords import fault_of
from backend.services import audit, passwords, sessions
from backend.services.clock import utc_now
from backend.services.ids import new_id
from backend.services.scope import one
from backend.storage.db import Database
from backend.storage.models import Member, Membership, OneTimeLink

INVITATION: Final = "invitation"
RESET: Final = "reset"
PREFIX: Final = "inv_"
LIVES: Final = {INVITATION: timedelta(days=7), RESET: timedelta(hours=1)}
MAX_OPEN: Final = 200


def invite(
    session: Session, *, project_id: str | None, email: str, role: str, actor: str
) -> tuple[OneTimeLink, str]:
    """Add an invitation; None for the project means all of them. Return its row and token.

    An earlier one for the same address and project is replaced.
    """
    email = sessions.canonical_email(email)
    session.execute(
        delete(OneTimeLink).where(
            OneTimeLink.project_id == project_id,
            OneTimeLink.kind == INVITATION,
            OneTimeLink.email == email,
        )
    )
    link, token = _add(session, INVITATION, email, actor)
    link.project_id, link.role = project_id, role
    audit.record(
        session,
        actor=actor,
        action="invitation.create",
        subject=link.id,
        project_id=project_id,
        changes={"role": [None, role]},
    )
    return link, token


def reset(session: Session, email: str, *, actor: str) -> tuple[OneTimeLink, str]:
    """Add a link with which a member chooses a new password.

    Raises:
        NotFoundError: no such member.
    """
    email = sessions.canonical_email(email)
    member = session.scalars(select(Member).where(Member.email == email)).one_or_none()
    if member is None:
        raise NotFoundError("There is no such member.")
    session.execute(delete(OneTimeLink).where(OneTimeLink.member_id == member.id))
    link, token = _add(session, RESET, email, actor)
    link.member_id = member.id
    sessions.audit_of(session, member.id, "password.link")
    return link, token


def listed(session: Session, project_id: str, now: datetime) -> list[dict[str, Any]]:
    """Return the project's open invitations, newest first."""
    query = select(OneTimeLink).where(
        OneTimeLink.project_id == project_id, OneTimeLink.expires_at > now
    )
    return [view(link) for link in session.scalars(query.order_by(OneTimeLink.id.desc()))]


def withdraw(session: Session, project_id: str, invitation_id: str, *, actor: str) -> None:
    """Take an invitation back.

    Raises:
        NotFoundError.
    """
    session.delete(one(session, OneTimeLink, project_id, invitation_id, lock=True))
    audit.record(
        session,
        actor=actor,
        action="invitation.withdraw",
        subject=invitation_id,
        project_id=project_id,
    )


def view(link: OneTimeLink) -> dict[str, Any]:
    """Return an invitation as the admin plane shows it: without its link."""
    members = ("id", "email", "role", "created_by", "created_at", "expires_at")
    return {name: getattr(link, name) for name in members}


def redeem(db: Database, token: str, password: str, name: str, now: datetime) -> None:
    """Use a link: join the project, or have a new password.

    An invitation of somebody who has a password already asks for that one, so that whoever may
    invite cannot take over an account of another project.

    Raises:
        NotFoundError: no such link, used or past its time: one answer for all.
        LoginFailedError: the member's own password is another one.
        InvalidRequestError: the new password may not be one.
    """
    token_hash = _digest(token)
    with db.read() as session:
        link = _alive(session, token_hash, now)
        member = _member_of(session, link)
        kind, email, has_account = link.kind, link.email, member is not None
        old_hash = member.password_hash if member else None
    if kind == INVITATION and has_account:
        if not passwords.is_right(old_hash, password):
            raise LoginFailedError("Use the password you have already.")
        new_hash = None
    else:
        if fault := fault_of(password, email):
            raise InvalidRequestError(errors=[FieldError("#/password", fault)])
        new_hash = passwords.hashed(password)

    def work(session: Session) -> None:
        link = _alive(session, token_hash, now)
        member = _member_of(session, link)
        if (member.password_hash if member else None) != old_hash:
            raise LoginFailedError
        if member is None:
            member = _new_member(session, email, name, new_hash or "", now)
        if link.kind == RESET:
            member.password_hash = new_hash or ""
            sessions.end_all(session, member.id)
            sessions.audit_of(session, member.id, "password.change")
        else:
            _join(session, link, member, now)
        session.delete(link)

    db.transact(work)


def _add(session: Session, kind: str, email: str, actor: str) -> tuple[OneTimeLink, str]:
    now = utc_now()
    session.execute(delete(OneTimeLink).where(OneTimeLink.expires_at <= now))
    token = secrets.token_urlsafe(32)
    link = OneTimeLink(
        id=new_id(PREFIX),
        token_hash=_digest(token),
        kind=kind,
        email=email,
        created_by=actor,
        created_at=now,
        expires_at=now + LIVES[kind],
    )
    session.add(link)
    session.flush()
    return link, token


def _alive(session: Session, token_hash: bytes, now: datetime) -> OneTimeLink:
    link = session.scalars(
        select(OneTimeLink).where(OneTimeLink.token_hash == token_hash).with_for_update()
    ).one_or_none()
    if link is None or link.expires_at <= now:
        raise NotFoundError("The link was used, withdrawn, or is past its time.")
    return link


def _member_of(session: Session, link: OneTimeLink) -> Member | None:
    return session.scalars(select(Member).where(Member.email == link.email)).one_or_none()


def _new_member(
    session: Session, email: str, name: str, password_hash: str, now: datetime
) -> Member:
    member = Member(
        id=new_id("mem_"),
        email=email,
        name=name,
        everywhere_role=None,
        password_hash=password_hash,
        totp_encrypted=None,
        totp_enabled=False,
        totp_step=0,
        created_at=now,
    )
    session.add(member)
    session.flush()
    return member


def _join(session: Session, link: OneTimeLink, member: Member, now: datetime) -> None:
    role = link.role or roles.VIEWER
    if link.project_id is None:
        member.everywhere_role = roles.higher(member.everywhere_role, role)
    else:
        own = session.get(Membership, (link.project_id, member.id), with_for_update=True)
        if own is None:
            session.add(
                Membership(
                    project_id=link.project_id,
                    member_id=member.id,
                    role=role,
                    created_at=now,
                    revision=1,
                )
            )
        else:
            own.role = roles.higher(own.role, role) or role
            own.revision += 1
    # Whoever has a session holds another role now: the next one begins under a new id.
    sessions.end_all(session, member.id)
    audit.record(
        session,
        actor=member.id,
        action="member.join",
        subject=member.id,
        project_id=link.project_id,
        changes={"role": [None, role]},
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
