"""Deletes a project with everything in it, for good."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.domain.errors import ConflictError, NotFoundError
from backend.services import audit, members, sessions
from backend.services.scope import check_revision
from backend.storage.db import Database
from backend.storage.models import (
    ApiKey,
    Base,
    Decision,
    IdentitySecret,
    Membership,
    Project,
    Response,
    Survey,
    Ticket,
    User,
    UserSurvey,
)
from backend.storage.usage import pending
from backend.storage.usage.store import UsageStore

# Short transactions: nobody of another project waits for a year of rows to be deleted.
PIECE: Final = 1_000
# What another process was writing when the keys went can be in the way of the last step.
TRIES: Final = 3
_OF_PEOPLE: Final = (Response, Ticket, Decision, UserSurvey)


def delete_project(
    db: Database,
    usage: UsageStore,
    project_id: str,
    *,
    actor: str,
    if_match: frozenset[str] | None,
) -> None:
    """Delete a project: its keys at once, its people in pieces, then whatever is left of it.

    Interrupted, it is a closed project that can be deleted again. What stays is one line of the
    audit log; usage in a store of its own goes as soon as that can be reached.

    Raises:
        NotFoundError, PreconditionRequiredError, PreconditionFailedError.
        ConflictError: something was still being written to it.
    """
    db.transact(lambda session: _close(session, project_id, if_match))
    for _ in range(TRIES):
        while db.transact(lambda session: _delete_people(session, usage, project_id)):
            pass
        try:
            db.transact(lambda session: _delete_rest(session, usage, project_id, actor))
        except IntegrityError:
            continue
        return
    raise ConflictError("Something is still being written to the project: delete it again.")


def _close(session: Session, project_id: str, if_match: frozenset[str] | None) -> None:
    """Take the keys away, so that no page and no server writes any more."""
    project = session.get(Project, project_id, with_for_update=True)
    if project is None:
        raise NotFoundError
    check_revision(str(project.revision), if_match)
    project.is_enabled = False
    for model in (ApiKey, IdentitySecret):
        session.execute(delete(model).where(model.project_id == project_id))


def _delete_people(session: Session, usage: UsageStore, project_id: str) -> int:
    """Delete some people with all that is about them; return how many there were."""
    pending.drop(session.connection(), project_id)
    some = select(User.key).where(User.project_id == project_id).order_by(User.key).limit(PIECE)
    keys = session.scalars(some).all()
    for model in _OF_PEOPLE:
        session.execute(delete(model).where(model.user_key.in_(keys)))
    usage.forget(session.connection(), keys)
    session.execute(delete(User).where(User.key.in_(keys)))
    return len(keys)


def _delete_rest(session: Session, usage: UsageStore, project_id: str, actor: str) -> None:
    # Whom a batch that was under way has added since.
    while _delete_people(session, usage, project_id):
        pass
    entered = select(Membership.member_id).where(Membership.project_id == project_id)
    member_ids = session.scalars(entered).all()
    for table in reversed(Base.metadata.sorted_tables):
        owner = owner_of(table)
        if owner is not None:
            session.execute(delete(table).where(owner(project_id)))
    for member_id in member_ids:
        sessions.end_all(session, member_id)
        members.delete_if_nowhere(session, member_id)
    session.execute(delete(Project).where(Project.id == project_id))
    audit.record(session, actor=actor, action="project.delete", subject=project_id, project_id=None)


def owner_of(table: Any) -> Any:
    """Return what picks a project's rows of a table, None where rows belong to no project.

    Those of people are gone by then. A test holds that no table is forgotten here.
    """
    if "project_id" in table.columns:
        return lambda project_id: table.c.project_id == project_id
    if "survey_id" in table.columns:
        own = select(Survey.id)
        return lambda project_id: table.c.survey_id.in_(own.where(Survey.project_id == project_id))
    return None
