"""Gives each answer the usage of the 30 days before its invitation; again when events come late.

Insights scan answers, never usage: their cost does not grow with the events stored. The place
among all users comes from the activity that each user's row carries (METHODS, section 9).
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable
from functools import partial
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, select, update

from backend.domain.activity import BITS
from backend.domain.calendar import Calendar, calendar_of
from backend.domain.events import FEATURE, PAGE
from backend.services import active_use
from backend.services.active_use import DAYS, ActiveUse
from backend.services.clock import to_ms, utc_now
from backend.storage import links
from backend.storage.db import Database
from backend.storage.models import Project, Response
from backend.storage.usage import names
from backend.storage.usage.sql import SQL
from backend.storage.usage.store import UsageStore

_AT_ONCE: Final = 200

_PENDING = (
    select(
        Response.id, Response.project_id, Response.user_key, Response.invited_at, Project.timezone
    )
    .join(Project, Project.id == Response.project_id)
    .where(Response.profiled_at.is_(None))
    .order_by(Response.id)
    .limit(_AT_ONCE)
)
# Held until the profile is stored: an event that comes meanwhile marks the row after us.
_LOCKED = _PENDING.with_for_update(of=Response, skip_locked=True)


# A reference is read again once reading it anew would take a two-hundredth of the time.
_KEPT_FOR: Final = 200

Reference = tuple[float, ActiveUse]
"""Until when it may be used (monotonic seconds), and how active all users were."""

_REFERENCES: WeakKeyDictionary[Database, dict[tuple[str, int], Reference]] = WeakKeyDictionary()


def compute_pending(db: Database, usage: UsageStore = SQL) -> int:
    """Compute the profiles that are missing or out of date; return how many.

    None while a usage store of its own lacks what was counted before: the profile would too.
    """
    done = 0
    while (wanted := _days_wanted(db)) and usage.settle(db):
        references = _read_references(db, wanted)
        count = db.write(partial(_compute_some, usage=usage, references=references))
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


def _days_wanted(db: Database) -> set[tuple[str, int]]:
    """Return the projects and local days that pending answers were invited on."""
    with db.read() as session:
        pending = session.execute(_PENDING).all()
    return {
        (row.project_id, calendar_of(row.timezone).day(at))
        for row in pending
        if (at := row.invited_at)
    }


def _read_references(
    db: Database, wanted: set[tuple[str, int]]
) -> dict[tuple[str, int], ActiveUse]:
    """Return how active all users of each project were before each day, kept for a while.

    Read before the write that uses them: a project may have very many users.
    """
    known = _REFERENCES.setdefault(db, {})
    now_s = time.monotonic()
    for key in [key for key, kept in known.items() if kept[0] < now_s]:
        del known[key]
    for project_id in {project_id for project_id, day in wanted if (project_id, day) not in known}:
        days = [day for of_project, day in wanted if of_project == project_id]
        started_s = time.monotonic()
        with db.read() as session:
            read = active_use.before(session, project_id, days)
        until_s = time.monotonic() + _KEPT_FOR * (time.monotonic() - started_s)
        known.update({(project_id, day): (until_s, found) for day, found in read.items()})
    return {key: known[key][1] for key in wanted}


def _compute_some(
    connection: Connection, usage: UsageStore, references: dict[tuple[str, int], ActiveUse]
) -> int:
    pending = connection.execute(_LOCKED).all()
    for row in pending:
        calendar = calendar_of(row.timezone)
        connection.execute(
            update(Response)
            .where(Response.id == row.id)
            .values(**_profile(connection, usage, row, calendar, references))
        )
    return len(pending)


def _profile(
    connection: Connection,
    usage: UsageStore,
    row: Any,
    calendar: Calendar,
    references: dict[tuple[str, int], ActiveUse],
) -> dict[str, Any]:
    day, ms = calendar.day_and_ms(to_ms(row.invited_at))
    used, active_days = usage.profile(
        connection, links.keys_of(connection, row.user_key), day, ms, DAYS
    )
    kinds = names.kinds(connection, row.project_id, used)
    now = utc_now()
    profile = {
        "features": pack(name for name in used if kinds.get(name) == FEATURE),
        "pages": pack(name for name in used if kinds.get(name) == PAGE),
        "active_days": active_days,
        "profiled_at": now,
        # What reads answers asks for those changed since it last looked.
        "updated_at": now,
    }
    reference = references.get((row.project_id, day))
    # Users' rows remember two months: an older answer keeps the place it was given then.
    if reference is None or calendar.day(now) - day > BITS - DAYS - 1:
        return profile
    return profile | {
        "active_percentile": reference.percentile(active_days),
        "active_midrank": reference.midrank(active_days),
    }
