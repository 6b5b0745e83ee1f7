"""Identity secrets by their id."""

from __future__ import annotations

import time
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import bindparam, select

from backend.storage.db import Database
from backend.storage.models import IdentitySecret

# A look at the table for every decision costs more than the check itself; a revoked secret must
# stop within 5 s everywhere, and in the process that revoked it at once.
CACHE_S: Final = 3.0
_MAX_CACHED: Final = 1_000
_Kept = dict[tuple[str, str], tuple[float, int, "Secret"]]
_kept: WeakKeyDictionary[Database, _Kept] = WeakKeyDictionary()

_SECRET = select(IdentitySecret.secret_encrypted, IdentitySecret.last_used_day).where(
    IdentitySecret.project_id == bindparam("project"),
    IdentitySecret.id == bindparam("secret"),
    IdentitySecret.revoked_at.is_(None),
)


class Secret(NamedTuple):
    """A secret that is in use, and the day of its last use if it is known."""

    encrypted: bytes
    last_used_day: int | None


def identity_secret(db: Database, project_id: str, secret_id: str) -> Secret | None:
    """Return the secret, or None when the project has no such one, or revoked it."""
    kept = _kept.setdefault(db, {})
    known = kept.get((project_id, secret_id))
    if known and known[0] > time.monotonic() and known[1] == db.generation:
        return known[2]
    generation = db.generation
    with db.read() as session:
        row = session.execute(_SECRET, {"project": project_id, "secret": secret_id}).first()
    found = None if row is None else Secret(*row)
    if found is not None:
        if len(kept) > _MAX_CACHED:
            kept.clear()
        kept[project_id, secret_id] = (time.monotonic() + CACHE_S, generation, found)
    return found
