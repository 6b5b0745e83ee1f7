"""Gives each answer the usage of the 30 days before its invitation; again when events come late.

Insights scan answers, never usage: their cost does not grow with the events stored.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from backend.domain.calendar import Calendar
from backend.domain.events import FEATURE, PAGE
from backend.services.clock import to_ms, utc_now
from backend.storage.db import Database
from backend.storage.models import Project, Response
from backend.storage.usage import names
from backend.storage.usage import sql as usage

DAYS: Final = 30
_AT_ONCE: Final = 200

_PENDING = (
    select(
        Response.id, Response.project_id, Response.user_key, Response.invited_at, Project.timezone
    )
    .join(Project, Project.id == Response.project_id)
    .where(Response.profiled_at.is_(None))
    .order_by(Response.id)
    .limit(_AT_ONCE)
    # Held until the profile is stored: an event that comes meanwhile marks the row after us.
    .with_for_update(of=Response, skip_locked=True)
)


def compute_pending(db: Database) -> int:
    """Compute the profiles that are missing or out of date; return how many."""
    with db.read() as session:
        if (
            session.execute(select(Response.id).where(Response.profiled_at.is_(None))).first()
            is None
        ):
            return 0
    done = 0
    while count := db.write(_compute_some):
        done += count
        if count < _AT_ONCE:
            break
    return done


def pack(ids: Iterable[int]) -> bytes:
    """Return name ids in rising order as unsigned 32-bit numbers, little-endian."""
    ordered = sorted(ids)
    return struct.pack(f"<{len(ordered)}I", *ordered)


def unpack(packed: bytes | None) -> tuple[int, ...]:
    """Return the name ids of a packed profile."""
    return struct.unpack(f"<{len(packed) // 4}I", packed) if packed else ()


def _compute_some(connection: Connection) -> int:
    pending = connection.execute(_PENDING).all()
    calendars: dict[str, Calendar] = {}
    for row in pending:
        calendar = calendars.setdefault(row.timezone, Calendar(row.timezone))
        connection.execute(
            update(Response)
            .where(Response.id == row.id)
            .values(**_profile(connection, row, calendar))
        )
    return len(pending)


def _profile(connection: Connection, row: Row[Any], calendar: Calendar) -> dict[str, Any]:
    day, ms = calendar.day_and_ms(to_ms(row.invited_at))
    used, active_days = usage.profile(connection, row.user_key, day, ms, DAYS)
    kinds = names.kinds(connection, row.project_id, used)
    return {
        "features": pack(name for name in used if kinds.get(name) == FEATURE),
        "pages": pack(name for name in used if kinds.get(name) == PAGE),
        "active_days": active_days,
        "profiled_at": utc_now(),
    }
