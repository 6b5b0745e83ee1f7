"""The list of erased ids, asked before anything is stored about a person."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from backend.domain import privacy
from backend.domain.errors import UserErasedError
from backend.domain.keys import digest
from backend.services.vault import Vault
from backend.storage.db import Database
from backend.storage.fast import Sql, pg_blobs
from backend.storage.models import ErasedPerson, ErasedTicket, InstallationKey

KEY: Final = "erasure"
# SQLite has one process, which knows at once; this is for what another one did to the file.
CACHE_S: Final = 2.0

# On PostgreSQL only: SQLite's list is in memory.
_HAS_ANY = Sql("SELECT EXISTS (SELECT 1 FROM erased_people WHERE project_id = ?)")
_SOME = Sql(
    "SELECT id_hmac FROM erased_people WHERE project_id = ? AND id_hmac = ANY(CAST(? AS bytea[]))"
)
_HAS_KEY = Sql("SELECT 1 FROM installation_keys WHERE name = ?")


class ErasedList:
    """Says whether ids were erased.

    On SQLite the list of a project is held in memory; on PostgreSQL every question is one look at
    an index, so that all processes refuse an id from the moment its erasure is committed.
    """

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault
        self._key: bytes | None = None
        self._kept: dict[str, tuple[float, int, frozenset[bytes]]] = {}

    def check(
        self,
        project_id: str,
        user_id: str,
        is_anonymous: bool,
        connection: Connection | None = None,
    ) -> None:
        """Raise UserErasedError when the id was erased."""
        if self.among(project_id, [(user_id, is_anonymous)], connection):
            raise UserErasedError

    def among(
        self,
        project_id: str,
        ids: Iterable[tuple[str, bool]],
        connection: Connection | None = None,
    ) -> frozenset[tuple[str, bool]]:
        """Return those of the (id, whether anonymous) that were erased.

        Args:
            connection: of the transaction that is to store something about them, which saves
                PostgreSQL one of its own.
        """
        if self._db.is_sqlite:
            erased = self._all(project_id)
            if not erased:
                return frozenset()
        key = self._own_key(connection)
        if key is None:
            return frozenset()
        by_hmac = {privacy.id_hmac(key, project_id, *each): each for each in set(ids)}
        if not self._db.is_sqlite:
            erased = self._some(project_id, list(by_hmac), connection)
        return frozenset(by_hmac[found] for found in erased & by_hmac.keys())

    def has_any(self, project_id: str, connection: Connection) -> bool:
        """Say whether anybody of the project was erased; most often nobody was."""
        if self._db.is_sqlite:
            return bool(self._all(project_id))
        return bool(_HAS_ANY(connection, (project_id,)).fetchone()[0])

    def ask_among(
        self, project_id: str, ids: Iterable[tuple[str, bool]], connection: Connection
    ) -> Callable[[], frozenset[tuple[str, bool]]]:
        """Ask what `among` tells, together with other questions; what is returned reads it."""
        if self._db.is_sqlite:
            found = self.among(project_id, ids, connection)
            return lambda: found
        if self._key is None:
            keys = _HAS_KEY(connection, (KEY,))
            return lambda: (
                self.among(project_id, ids, connection) if keys.fetchone() else frozenset()
            )
        by_hmac = {privacy.id_hmac(self._key, project_id, *each): each for each in set(ids)}
        rows = _SOME(connection, (project_id, pg_blobs(by_hmac)))
        return lambda: frozenset(by_hmac[row[0]] for row in rows.fetchall())

    def check_ticket(self, project_id: str, ticket: str) -> None:
        """Raise UserErasedError when the ticket was of a person who has been erased since."""
        query = select(ErasedTicket.project_id).where(ErasedTicket.token_hash == digest(ticket))
        with self._db.read() as session:
            if session.execute(query).scalar() == project_id:
                raise UserErasedError

    def _own_key(self, connection: Connection | None) -> bytes | None:
        if self._key is None:
            with self._reading(connection) as reader:
                self._key = _key_of(reader, self._vault)
        return self._key

    def _all(self, project_id: str) -> frozenset[bytes]:
        kept = self._kept.get(project_id)
        if kept and kept[0] > time.monotonic() and kept[1] == self._db.generation:
            return kept[2]
        generation = self._db.generation
        with self._db.read() as session:
            found = frozenset(
                session.scalars(
                    select(ErasedPerson.id_hmac).where(ErasedPerson.project_id == project_id)
                )
            )
        self._kept[project_id] = (time.monotonic() + CACHE_S, generation, found)
        return found

    @contextmanager
    def _reading(self, connection: Connection | None) -> Iterator[Connection]:
        if connection is not None:
            yield connection
            return
        with self._db.read() as session:
            yield session.connection()

    def _some(
        self, project_id: str, hmacs: list[bytes], connection: Connection | None
    ) -> frozenset[bytes]:
        with self._reading(connection) as reader:
            found = _SOME(reader, (project_id, pg_blobs(hmacs)))
            return frozenset(bytes(row[0]) for row in found.fetchall())


def key_of(session: Session, vault: Vault) -> bytes | None:
    """Return the installation's key for erased ids, None while nobody was ever erased."""
    return _key_of(session.connection(), vault)


def _key_of(connection: Connection, vault: Vault) -> bytes | None:
    query = select(InstallationKey.value_encrypted).where(InstallationKey.name == KEY)
    encrypted = connection.execute(query).scalar()
    return None if encrypted is None else b64decode(vault.decrypt(encrypted))


def keep_key(session: Session, vault: Vault, key: bytes) -> None:
    """Store the key."""
    encrypted = vault.encrypt(b64encode(key).decode())
    session.add(InstallationKey(name=KEY, value_encrypted=encrypted))
    session.flush()
