"""The day on which a key, token or identity secret was last used: enough to see what can go."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import or_, update

from backend.domain.calendar import day_date, day_number
from backend.domain.errors import StorageUnavailableError
from backend.storage.db import Database
from backend.storage.models import AdminToken, ApiKey, IdentitySecret

Credential = type[ApiKey] | type[AdminToken] | type[IdentitySecret]
# What views call it.
NAME: Final = "last_used_on"
# By id, the day that this process wrote: what a caller read may be seconds old.
_noted: WeakKeyDictionary[Database, dict[str, int]] = WeakKeyDictionary()


def note(db: Database, model: Credential, id_: str, known: int | None, now: datetime) -> None:
    """Write down that a credential was used today; one write a day, and none is waited for twice.

    Args:
        known: the day that its row has.
    """
    today = day_number(now.date())
    noted = _noted.setdefault(db, {})
    if noted.get(id_, known) == today:
        return
    is_older = or_(model.last_used_day.is_(None), model.last_used_day < today)
    used = update(model).where(model.id == id_, is_older).values(last_used_day=today)
    try:
        db.write(lambda connection: connection.execute(used))
    except StorageUnavailableError:
        # Whoever only reads is served all the same; the next look notes it.
        return
    noted[id_] = today


def shown(row: Any) -> dict[str, date | None]:
    """Return the day as the admin plane shows it (UTC)."""
    day: int | None = row.last_used_day
    return {NAME: None if day is None else day_date(day)}
