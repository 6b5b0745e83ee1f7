"""Erases a person, or leaves their scores without them: all rows in one transaction.

The list of the erased is kept twice: in the database, and in a file beside it that a restored
backup does not take back (`ledger.py`).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.orm import Session

from backend.domain import privacy
from backend.domain.errors import NotFoundError
from backend.services import audit
from backend.services.clock import utc_now
from backend.services.erased import keep_key, key_of
from backend.services.ledger import Entry, Ledger
from backend.services.vault import Vault
from backend.storage import links
from backend.storage.db import Database
from backend.storage.models import (
    Decision,
    ErasedPerson,
    ErasedTicket,
    Response,
    Ticket,
    Triage,
    User,
    UserSurvey,
)
from backend.storage.usage import pending
from backend.storage.usage.store import UsageStore

# How long after an erasure a request that began before it may still write.
LATE_FOR: Final = timedelta(minutes=10)
# Keys that transactions still under way can have taken before the highest one that is seen.
IN_FLIGHT: Final = 100_000
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
# What is left of an anonymised answer besides its score: nothing that says who or where.
_FORGOTTEN: Final = dict.fromkeys(
    (
        "account_key",
        "wave",
        "comment",
        "role",
        "plan",
        "language",
        "app_version",
        "device",
        "features",
        "pages",
        "active_days",
        "active_percentile",
        "active_midrank",
    )
)


@dataclass(frozen=True, slots=True)
class Means:
    """What an erasure works with."""

    db: Database
    vault: Vault
    usage: UsageStore
    ledger: Ledger


def erase(
    means: Means,
    project_id: str,
    user_id: str,
    *,
    is_anonymous: bool = False,
    mode: str = privacy.ERASE,
    actor: str,
) -> dict[str, Any]:
    """Erase or anonymise a person with every browser linked to them; say what was removed.

    Raises:
        NotFoundError: nothing is kept under this id.
    """

    pending.fold(means.db)

    def work(session: Session) -> tuple[dict[str, Any], list[Entry], bytes]:
        key = key_of(session, means.vault)
        if key is None:
            key = secrets.token_bytes(32)
            keep_key(session, means.vault, key)
        pending.before_removal(session.connection(), project_id)
        people = links.rows_of(session, project_id, user_id, is_anonymous, is_change=True)
        if not people:
            raise NotFoundError
        now = utc_now()
        own = privacy.id_hmac(key, project_id, user_id, is_anonymous)
        # The id asked for is listed even when nothing but claims to be that user was kept.
        hmacs = list(dict.fromkeys((own, *_hmacs(key, people))))
        removed = _remove(session, means.usage, people, mode, now)
        _list(session, project_id, hmacs, mode, now)
        audit.record(
            session,
            actor=actor,
            action=f"user.{mode}",
            subject=privacy.tag(own),
            project_id=project_id,
        )
        return removed, [Entry(project_id, each, mode, now) for each in hmacs], key

    removed, entries, key = means.db.transact(work)
    means.ledger.add(means.vault, key, entries)
    return removed


def sweep_late(vault: Vault, db: Database, usage: UsageStore) -> int:
    """Erase again who was written this moment: an event that was let in just before the erasure.

    Only rows made since then are looked at, for some minutes: no request runs longer.
    """
    with db.read() as session:
        key = key_of(session, vault)
        since = utc_now() - LATE_FOR
        listed = session.scalars(select(ErasedPerson).where(ErasedPerson.erased_at > since)).all()
        by_project: dict[str, dict[bytes, str]] = {}
        for entry in listed:
            by_project.setdefault(entry.project_id, {})[entry.id_hmac] = entry.mode
        after = min((entry.after_key for entry in listed), default=0)
    if key is None or not by_project:
        return 0
    return db.transact(
        lambda session: sum(
            _remove_of(session, usage, key, project_id, modes, after)
            for project_id, modes in sorted(by_project.items())
        )
    )


def remove_listed(means: Means, key: bytes, entries: Sequence[Entry]) -> int:
    """Erase again whoever is on the list and in the tables; return how many there were.

    A backup from before an erasure has them; looking through all people of a project is paid
    only then.
    """
    by_project: dict[str, dict[bytes, str]] = {}
    for entry in entries:
        by_project.setdefault(entry.project_id, {})[entry.id_hmac] = entry.mode

    def work(session: Session) -> int:
        return sum(
            _remove_of(session, means.usage, key, project_id, modes)
            for project_id, modes in sorted(by_project.items())
        )

    return means.db.transact(work) if by_project else 0


def _remove_of(
    session: Session,
    usage: UsageStore,
    key: bytes,
    project_id: str,
    modes: dict[bytes, str],
    after: int = 0,
) -> int:
    done = 0
    query = select(User.key, User.user_id, User.is_anonymous).where(
        User.project_id == project_id, User.key > after
    )
    rows = session.execute(query.execution_options(yield_per=5_000)).all()
    hashes = {
        row.key: privacy.id_hmac(key, project_id, row.user_id, row.is_anonymous) for row in rows
    }
    listed = {row_key: hashed for row_key, hashed in hashes.items() if hashed in modes}
    if listed:
        pending.before_removal(session.connection(), project_id)
    for row_key, hashed in listed.items():
        person = session.get(User, row_key)
        if person is not None:
            people = links.rows_of(
                session, project_id, person.user_id, person.is_anonymous, is_change=True
            )
            now, hmacs = utc_now(), _hmacs(key, people)
            _remove(session, usage, people, modes[hashed], now)
            _list(session, project_id, hmacs, modes[hashed], now)
            done += len(people)
    return done


def _remove(
    session: Session, usage: UsageStore, people: Sequence[User], mode: str, now: datetime
) -> dict[str, Any]:
    keys = [person.key for person in people]
    project_id = people[0].project_id
    _refuse_tickets(session, project_id, keys, now)
    connection = session.connection()
    if mode == privacy.ANONYMISE:
        answers = _anonymise(session, project_id, keys, now)
    else:
        answers = _count(connection, delete(Response).where(Response.user_key.in_(keys)))
    _count(connection, delete(Ticket).where(Ticket.user_key.in_(keys)))
    decisions = _count(connection, delete(Decision).where(Decision.user_key.in_(keys)))
    _count(connection, delete(UserSurvey).where(UserSurvey.user_key.in_(keys)))
    usage.forget(connection, keys)
    _count(connection, delete(User).where(User.key.in_(keys)))
    session.expunge_all()
    return {"mode": mode, "ids": len(keys), "responses": answers, "decisions": decisions}


def _refuse_tickets(session: Session, project_id: str, keys: Sequence[int], now: datetime) -> None:
    """Keep the hashes of tickets that a page may still hold: their answer is 410, not 404."""
    since = now - timedelta(days=privacy.TICKET_DAYS)
    hashes = session.scalars(
        select(Ticket.token_hash).where(Ticket.user_key.in_(keys), Ticket.issued_at >= since)
    ).all()
    for token_hash in hashes:
        session.add(ErasedTicket(token_hash=token_hash, project_id=project_id, erased_at=now))
    session.flush()


def _anonymise(session: Session, project_id: str, keys: Sequence[int], now: datetime) -> int:
    """Give the person's scores to somebody who never was, and forget all else of them."""
    ids = session.scalars(select(Response.id).where(Response.user_key.in_(keys))).all()
    if not ids:
        return 0
    nobody = session.execute(
        insert(User)
        .values(
            project_id=project_id,
            user_id="anonymised-" + secrets.token_hex(12),
            is_anonymous=True,
            traits={},
            first_seen_at=_EPOCH,
            last_seen_at=_EPOCH,
            activity_day=0,
            activity_bits=0,
            recent_use=b"",
        )
        .returning(User.key)
    ).scalar_one()
    for response_id in ids:
        session.execute(
            update(Response)
            .where(Response.id == response_id)
            .values(
                **_FORGOTTEN,
                user_key=nobody,
                page="/",
                answers={},
                traits={},
                ticket_hash=secrets.token_bytes(32),
                profiled_at=now,
                updated_at=now,
            )
        )
    session.execute(delete(Triage).where(Triage.response_id.in_(ids)))
    # An answer belongs to a decision; nothing of the person is left in it.
    session.execute(
        update(Decision)
        .where(Decision.id.in_(select(Response.decision_id).where(Response.user_key == nobody)))
        .values(user_key=nobody, evaluations=[], page="/")
    )
    return len(ids)


def _list(
    session: Session, project_id: str, hmacs: Sequence[bytes], mode: str, now: datetime
) -> None:
    """Put ids on the list, with the key that rows made since are above."""
    highest = session.scalar(select(func.max(User.key))) or 0
    for hashed in hmacs:
        if session.get(ErasedPerson, (project_id, hashed)) is None:
            session.add(
                ErasedPerson(
                    project_id=project_id,
                    id_hmac=hashed,
                    mode=mode,
                    erased_at=now,
                    after_key=max(0, highest - IN_FLIGHT),
                )
            )
    session.flush()


def _hmacs(key: bytes, people: Sequence[User]) -> list[bytes]:
    return [
        privacy.id_hmac(key, each.project_id, each.user_id, each.is_anonymous) for each in people
    ]


def _count(connection: Connection, statement: Any) -> int:
    return connection.execute(statement).rowcount
