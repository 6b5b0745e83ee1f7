"""Brings database and list of erasures together before the server answers.

After a backup from before an erasure was restored, the file knows of people whom the database has
again; after the file was lost, the database knows of entries that the file has not.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.services.erased import keep_key, key_of
from backend.services.erasure import Means, remove_listed
from backend.services.ledger import Entry
from backend.storage.models import ErasedPerson, Project


class ForeignLedgerError(Exception):
    """The file of erasures belongs to another database; the text says what to do."""


def reconcile(means: Means) -> int:
    """Erase again whoever a backup brought back; return how many ids that were.

    Raises:
        ForeignLedgerError: file and database have different keys.
    """
    file_key, in_file = means.ledger.read(means.vault)
    key, listed = means.db.transact(lambda session: _listed(session, means, file_key))
    if key is None:
        return 0
    if file_key is not None and file_key != key:
        raise ForeignLedgerError(
            "erasures.jsonl in the data folder belongs to another database: put the file of this"
            " database there, or move it away if nobody was erased since the backup."
        )
    known = {(entry.project_id, entry.id_hmac) for entry in listed}
    written = {(entry.project_id, entry.id_hmac) for entry in in_file}
    missing = [entry for entry in in_file if (entry.project_id, entry.id_hmac) not in known]
    unwritten = [entry for entry in listed if (entry.project_id, entry.id_hmac) not in written]
    if unwritten or file_key is None:
        means.ledger.add(means.vault, key, unwritten)
    removed = remove_listed(means, key, missing)
    if missing:
        means.db.transact(lambda session: _relist(session, missing))
    return removed


def _listed(
    session: Session, means: Means, file_key: bytes | None
) -> tuple[bytes | None, Sequence[Entry]]:
    key = key_of(session, means.vault)
    if key is None and file_key is not None:
        keep_key(session, means.vault, file_key)
        key = file_key
    rows = session.scalars(select(ErasedPerson))
    return key, [Entry(row.project_id, row.id_hmac, row.mode, row.erased_at) for row in rows]


def _relist(session: Session, missing: Sequence[Entry]) -> None:
    """Put the entries on the database's list, so that late events are refused again."""
    projects = set(session.scalars(select(Project.id)))
    for entry in missing:
        known = session.get(ErasedPerson, (entry.project_id, entry.id_hmac))
        if known is None and entry.project_id in projects:
            session.add(
                ErasedPerson(
                    project_id=entry.project_id,
                    id_hmac=entry.id_hmac,
                    mode=entry.mode,
                    erased_at=entry.erased_at,
                    after_key=0,
                )
            )
