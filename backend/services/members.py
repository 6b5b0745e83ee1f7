"""Members of a project: who may do what in the dashboard, changed and removed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from backend.domain.errors import ConflictError, LastOwnerError, NotFoundError
from backend.domain.roles import OWNER
from backend.services import audit, sessions
from backend.services.clock import utc_now
from backend.services.scope import check_revision
from backend.storage.models import AdminToken, Member, Membership, OneTimeLink, Project


def listed(session: Session, project_id: str) -> list[dict[str, Any]]:
    """Return all who may enter the project, by e-mail address."""
    rows = session.execute(
        select(Member, Membership)
        .join(
            Membership,
            (Membership.member_id == Member.id) & (Membership.project_id == project_id),
            isouter=True,
        )
        .where(or_(Membership.member_id.is_not(None), Member.everywhere_role.is_not(None)))
        .order_by(Member.email)
    )
    return [_view(member, membership) for member, membership in rows]


def find(session: Session, project_id: str, member_id: str) -> dict[str, Any]:
    """Return one member of the project.

    Raises:
        NotFoundError: nobody of that id may enter the project.
    """
    member = session.get(Member, member_id)
    own = session.get(Membership, (project_id, member_id))
    if member is None or (own is None and member.everywhere_role is None):
        raise NotFoundError
    return _view(member, own)


def change_role(
    session: Session,
    project_id: str,
    member_id: str,
    role: str,
    *,
    actor: str,
    if_match: frozenset[str] | None,
) -> dict[str, Any]:
    """Give a member another role; their sessions end, so that they log in as what they are now.

    Raises:
        NotFoundError, PreconditionRequiredError, PreconditionFailedError, LastOwnerError,
        ConflictError: the role is that of the whole installation.
    """
    own = _held(session, project_id, member_id)
    check_revision(str(own.revision), if_match)
    if own.role != role:
        if own.role == OWNER:
            _keep_an_owner(session, project_id, member_id)
        audit.record(
            session,
            actor=actor,
            action="member.change",
            subject=member_id,
            project_id=project_id,
            changes={"role": [own.role, role]},
        )
        own.role = role
        own.revision += 1
        sessions.end_all(session, member_id)
        session.flush()
    return find(session, project_id, member_id)


def remove(session: Session, project_id: str, member_id: str, *, actor: str) -> None:
    """Take a member out of a project: their sessions end, their tokens of it are revoked.

    Who is left in no project is deleted.

    Raises:
        NotFoundError, LastOwnerError, ConflictError.
    """
    own = _held(session, project_id, member_id)
    if own.role == OWNER:
        _keep_an_owner(session, project_id, member_id)
    audit.record(
        session,
        actor=actor,
        action="member.remove",
        subject=member_id,
        project_id=project_id,
        changes={"role": [own.role, None]},
    )
    session.delete(own)
    _revoke_tokens(session, project_id, member_id)
    sessions.end_all(session, member_id)
    session.flush()
    delete_if_nowhere(session, member_id)


def _held(session: Session, project_id: str, member_id: str) -> Membership:
    """Return the membership; no other change of the project's members runs meanwhile."""
    session.get(Project, project_id, with_for_update=True)
    own = session.get(Membership, (project_id, member_id))
    if own is not None:
        return own
    find(session, project_id, member_id)
    raise ConflictError("This role holds in every project: `zeroten member` changes it.")


def _keep_an_owner(session: Session, project_id: str, member_id: str) -> None:
    others = session.execute(
        select(func.count())
        .select_from(Membership)
        .where(
            Membership.project_id == project_id,
            Membership.role == OWNER,
            Membership.member_id != member_id,
        )
    ).scalar_one()
    everywhere = session.execute(
        select(func.count()).select_from(Member).where(Member.everywhere_role == OWNER)
    ).scalar_one()
    if not others and not everywhere:
        raise LastOwnerError("Make somebody else an owner first.")


def _revoke_tokens(session: Session, project_id: str, member_id: str) -> None:
    session.execute(
        update(AdminToken)
        .where(
            AdminToken.project_id == project_id,
            AdminToken.member_id == member_id,
            AdminToken.revoked_at.is_(None),
        )
        .values(revoked_at=utc_now())
    )


def delete_if_nowhere(session: Session, member_id: str) -> None:
    member = session.get(Member, member_id)
    left = session.scalars(
        select(Membership.project_id).where(Membership.member_id == member_id).limit(1)
    ).first()
    if member is not None and member.everywhere_role is None and left is None:
        session.execute(delete(OneTimeLink).where(OneTimeLink.member_id == member_id))
        session.delete(member)


def _view(member: Member, own: Membership | None) -> dict[str, Any]:
    return {
        "id": member.id,
        "email": member.email,
        "name": member.name,
        "role": own.role if own else member.everywhere_role,
        "everywhere": own is None,
        "has_second_factor": member.totp_enabled,
        "created_at": own.created_at if own else member.created_at,
        "revision": own.revision if own else 1,
    }


def id_of(session: Session, email: str) -> str:
    """Return a member's id.

    Raises:
        NotFoundError.
    """
    return _by_email(session, email).id


def drop_second_factor(session: Session, email: str) -> None:
    """Have a member log in with the password alone: for who lost their telephone.

    Raises:
        NotFoundError.
    """
    member = _by_email(session, email)
    member.totp_enabled, member.totp_encrypted = False, None
    sessions.end_all(session, member.id)
    sessions.audit_of(session, member.id, "second_factor.drop")


def remove_everywhere(session: Session, email: str, *, actor: str) -> None:
    """Take the role in every project from a member; what they are in single ones stays.

    Raises:
        NotFoundError: nobody of that address has such a role.
    """
    member = _by_email(session, email)
    if member.everywhere_role is None:
        raise NotFoundError
    audit.record(
        session,
        actor=actor,
        action="member.remove",
        subject=member.id,
        project_id=None,
        changes={"role": [member.everywhere_role, None]},
    )
    member.everywhere_role = None
    sessions.end_all(session, member.id)
    session.flush()
    delete_if_nowhere(session, member.id)


def _by_email(session: Session, email: str) -> Member:
    query = select(Member).where(Member.email == sessions.canonical_email(email))
    found = session.scalars(query.with_for_update()).one_or_none()
    if found is None:
        raise NotFoundError
    return found
