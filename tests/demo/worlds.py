"""The demo's world read back from the tables, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select

from backend.domain.insights.columns import Answers, labelled, make_answers, used
from backend.services.clock import to_ms
from backend.services.profiles import unpack
from backend.storage.db import Database
from backend.storage.models import Name, Response, User

NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
SMALL = {"accounts": 6, "users": 80, "days": 40}


def rows_of(db: Database, model: Any, project_id: str) -> Sequence[Row[Any]]:
    """Return all rows of a table that belong to the project."""
    table = model.__table__
    with db.read() as session:
        return session.execute(select(table).where(table.c.project_id == project_id)).all()


def answers_of(db: Database, project_id: str) -> Answers:
    """Return the answers with a score as the insights take them."""
    rows = [row for row in rows_of(db, Response, project_id) if row.score is not None]
    rows.sort(key=lambda row: (row.answered_at, row.id))
    names = {row.id: row.name for row in rows_of(db, Name, project_id)}
    dimensions = {"version": "app_version"} | {
        name: name for name in ("role", "plan", "page", "language")
    }
    return make_answers(
        [row.score for row in rows],
        user=[row.user_key for row in rows],
        account=[row.account_key for row in rows],
        at=[to_ms(row.answered_at) for row in rows],
        active_days=[row.active_days for row in rows],
        percentile=[row.active_percentile for row in rows],
        features=used([[names[i] for i in unpack(row.features)] for row in rows]),
        pages=used([[names[i] for i in unpack(row.pages)] for row in rows]),
        dimensions={
            name: labelled([getattr(row, column) for row in rows])
            for name, column in dimensions.items()
        },
    )


def told(db: Database, project_id: str) -> list[tuple[Any, ...]]:
    """Return everything said in a project, without ids that differ from seeding to seeding."""
    users = {row.key: row.user_id for row in rows_of(db, User, project_id)}
    return sorted(
        (users[row.user_key], row.invited_at, row.state, row.score, row.comment or "", row.page)
        for row in rows_of(db, Response, project_id)
    )
