"""Deletes what is older than its project keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, exists, select, update
from sqlalchemy.orm import Session

from backend.domain import privacy
from backend.domain.calendar import day_number
from backend.services import audit, sessions
from backend.services.clock import utc_now
from backend.services.scope import check_revision
from backend.storage.db import Database
from backend.storage.models import (
    Decision,
    ErasedTicket,
    PrivacySettings,
    Project,
    Response,
    Ticket,
    User,
)
from backend.storage.usage.store import UsageStore

# Short transactions: nobody waits for a year of rows to be deleted.
PIECE: Final = 1_000
_SETTINGS: Final = ("events_days", "decisions_days", "responses_days", "respects_dnt")


def settings(session: Session, project_id: str) -> dict[str, Any]:
    """Return how long a project keeps what."""
    row = session.get(PrivacySettings, project_id) or _defaults(project_id)
    return {name: getattr(row, name) for name in (*_SETTINGS, "revision")}


def change(
    session: Session,
    project_id: str,
    changes: Mapping[str, Any],
    *,
    actor: str,
    if_match: frozenset[str] | None,
) -> dict[str, Any]:
    """Change how long a project keeps what.

    Raises:
        PreconditionRequiredError, PreconditionFailedError.
    """
    session.get(Project, project_id, with_for_update=True)
    row = session.get(PrivacySettings, project_id)
    if row is None:
        row = _defaults(project_id)
        session.add(row)
    check_revision(str(row.revision), if_match)
    audit.record(
        session,
        actor=actor,
        action="privacy.change",
        subject=project_id,
        project_id=project_id,
        changes=audit.difference({name: getattr(row, name) for name in changes}, changes),
    )
    for name, value in changes.items():
        setattr(row, name, value)
    row.revision += 1
    session.flush()
    return settings(session, project_id)


def enforce(db: Database, usage: UsageStore) -> int:
    """Delete what is past its time, in every project, a piece at a time; return how many rows.

    Raises:
        StorageUnavailableError: a usage store of its own is away; all else is done.
    """
    now = utc_now()
    with db.read() as session:
        kept = {
            project_id: settings(session, project_id)
            for project_id in session.scalars(select(Project.id))
        }
    done = sessions.forget_old(db, now) + _forget_tickets(db, now)
    for project_id, days in kept.items():
        if days["responses_days"] is not None:
            done += _forget_responses(db, project_id, now - timedelta(days=days["responses_days"]))
        done += _forget_decisions(db, project_id, now - timedelta(days=days["decisions_days"]))
    # Last, since it may be kept elsewhere, and elsewhere may be away.
    for project_id, days in kept.items():
        day = day_number((now - timedelta(days=days["events_days"])).date())
        done += usage.forget_before(db, _people(db, project_id), day)
    return done


def _defaults(project_id: str) -> PrivacySettings:
    return PrivacySettings(
        project_id=project_id,
        events_days=privacy.EVENTS_DAYS,
        decisions_days=privacy.DECISIONS_DAYS,
        responses_days=None,
        respects_dnt=False,
        revision=1,
    )


def _forget_tickets(db: Database, now: datetime) -> int:
    """Delete the hashes of erased people's tickets once no page can hold one any more."""
    old = delete(ErasedTicket).where(
        ErasedTicket.erased_at < now - timedelta(days=privacy.TICKET_DAYS)
    )
    return db.write(lambda connection: connection.execute(old).rowcount)


def _people(db: Database, project_id: str) -> Iterator[Sequence[int]]:
    """Yield the keys of a project's people, some at a time: usage is sorted by them."""
    after = 0
    while True:
        with db.read() as session:
            keys = session.scalars(
                select(User.key)
                .where(User.project_id == project_id, User.key > after)
                .order_by(User.key)
                .limit(PIECE)
            ).all()
        if not keys:
            return
        yield keys
        after = keys[-1]


def _forget_responses(db: Database, project_id: str, before: datetime) -> int:
    some = (
        select(Response.id)
        .where(Response.project_id == project_id, Response.invited_at < before)
        .limit(PIECE)
    )
    return _by_pieces(db, delete(Response).where(Response.id.in_(some)))


def _forget_decisions(db: Database, project_id: str, before: datetime) -> int:
    """Delete decisions with their tickets; of those that were answered only the bare row stays."""
    tickets = (
        select(Ticket.token_hash)
        .where(Ticket.project_id == project_id, Ticket.issued_at < before)
        .limit(PIECE)
    )
    done = _by_pieces(db, delete(Ticket).where(Ticket.token_hash.in_(tickets)))
    answered = exists().where(Response.decision_id == Decision.id)
    old = (Decision.project_id == project_id, Decision.at < before)
    unanswered = select(Decision.id).where(*old, ~answered).limit(PIECE)
    done += _by_pieces(db, delete(Decision).where(Decision.id.in_(unanswered)))
    _write(db, update(Decision).where(*old).values(evaluations=[]))
    return done


def _by_pieces(db: Database, statement: Any) -> int:
    done = 0
    while count := _write(db, statement):
        done += count
    return done


def _write(db: Database, statement: Any) -> int:
    def work(connection: Connection) -> int:
        return connection.execute(statement).rowcount

    return db.write(work)
