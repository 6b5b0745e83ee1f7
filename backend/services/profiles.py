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

import numpy as np
from sqlalchemy import Connection, select, update

from backend.domain.activity import BITS
from backend.domain.calendar import Calendar
from backend.domain.events import FEATURE, PAGE
from backend.domain.insights.active_use import ranks, reference_days
from backend.domain.insights.columns import Ints
from backend.services.clock import to_ms, utc_now
from backend.storage import links
from backend.storage.db import Database
from backend.storage.models import Project, Response, User
from backend.storage.usage import names
from backend.storage.usage.sql import SQL
from backend.storage.usage.store import UsageStore

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
)
# Held until the profile is stored: an event that comes meanwhile marks the row after us.
_LOCKED = _PENDING.with_for_update(of=Response, skip_locked=True)


# A reference is read again once reading it anew would take a two-hundredth of the time.
_KEPT_FOR: Final = 200

Reference = tuple[float, Ints]
"""Until when it may be used (monotonic seconds), and the sorted active days of all users."""

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
    calendars: dict[str, Calendar] = {}
    with db.read() as session:
        pending = session.execute(_PENDING).all()
    return {
        (row.project_id, calendars.setdefault(row.timezone, Calendar(row.timezone)).day(at))
        for row in pending
        if (at := row.invited_at)
    }


def _read_references(db: Database, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], Ints]:
    """Return the active days of all users of each project before each day, kept for a while.

    Read before the write that uses them: a project may have very many users.
    """
    known = _REFERENCES.setdefault(db, {})
    now_s = time.monotonic()
    for key in [key for key, kept in known.items() if kept[0] < now_s]:
        del known[key]
    for project_id in {project_id for project_id, day in wanted if (project_id, day) not in known}:
        started_s = time.monotonic()
        with db.read() as session:
            rows = session.execute(
                select(User.activity_day, User.activity_bits).where(User.project_id == project_id)
            ).all()
        columns = np.array([tuple(row) for row in rows], np.int64).reshape(len(rows), 2)
        until_s = time.monotonic() + _KEPT_FOR * (time.monotonic() - started_s)
        for key in wanted:
            if key[0] == project_id:
                days = reference_days(columns[:, 0], columns[:, 1], key[1])
                known[key] = (until_s, np.sort(days))
    return {key: known[key][1] for key in wanted}


def _compute_some(
    connection: Connection, usage: UsageStore, references: dict[tuple[str, int], Ints]
) -> int:
    pending = connection.execute(_LOCKED).all()
    calendars: dict[str, Calendar] = {}
    for row in pending:
        calendar = calendars.setdefault(row.timezone, Calendar(row.timezone))
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
    references: dict[tuple[str, int], Ints],
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
    return profile | _place(active_days, reference)


def _place(active_days: int, reference: Ints) -> dict[str, float | None]:
    """Return the share of active users with at most these days, and with equals counted half."""
    if len(reference) == 0:
        return {"active_percentile": None, "active_midrank": None}
    less, up_to = ranks(np.array([active_days]), reference)
    return {
        "active_percentile": 100 * int(up_to[0]) / len(reference),
        "active_midrank": 50 * int(less[0] + up_to[0]) / len(reference),
    }
