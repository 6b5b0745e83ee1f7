"""One person: what they answered, whether they were asked and why, what they use and when."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from flask import Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.api.auth import access
from backend.api.state import zeroten
from backend.domain import roles
from backend.services import decisions, users
from backend.services.clock import utc_now
from backend.services.decisions import Filters
from backend.storage import links
from backend.storage.models import Name, User
from backend.web import signed_in
from backend.web.asked import survey_names
from backend.web.blueprint import page, web
from backend.web.charts.usage import usage

DECISIONS: Final = 40
DAYS: Final = 90
NAMES: Final = 12
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Use:
    """What a person used in the last 90 days: counts by day, and by name, most used first."""

    by_day: dict[date, int]
    names: list[tuple[str, str, int]]


@web.get("/users/<path:user_id>")
@access("dashboard", role=roles.ANALYST, scope="users:read")
def user(user_id: str) -> Response:
    """A person's page: the timeline mixes answers and decisions, the newest first."""
    project_id = signed_in.project_id()
    is_anonymous = request.args.get("anonymous") == "true"
    with zeroten().db.read() as session:
        found = users.view(session, project_id, user_id, is_anonymous=is_anonymous)
        use = _use(session, project_id, user_id, is_anonymous)
        asked, _ = decisions.listed(
            session, project_id, None, Filters(user_id=user_id), after=None, limit=DECISIONS
        )
        surveys = survey_names(session)
        happened = _timeline(found, [decisions.summary(row) for row in asked])
    return page(
        "user.html",
        section="Accounts",
        user=found,
        use=use,
        bars=usage(use.by_day, utc_now().date()) if use.by_day else None,
        timeline=happened,
        surveys=surveys,
        days=DAYS,
    )


def _timeline(found: dict[str, Any], asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answers = [
        {"kind": "answer", "at": one["answered_at"] or one["invited_at"], **one}
        for one in found["responses"]
    ]
    told = [{"kind": "decision", **one} for one in asked if one["anonymous"] == found["anonymous"]]
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted([*answers, *told], key=lambda one: one["at"] or oldest, reverse=True)


def _use(session: Session, project_id: str, user_id: str, is_anonymous: bool) -> Use:
    key = session.scalar(
        select(User.key).where(
            User.project_id == project_id,
            User.user_id == user_id,
            User.is_anonymous == is_anonymous,
        )
    )
    connection = session.connection()
    rows = zeroten().usage.timeline(connection, links.keys_of(connection, key or 0))
    first = (utc_now().date() - _EPOCH).days - DAYS
    rows = [row for row in rows if row.day > first]
    by_day: Counter[date] = Counter()
    by_name: Counter[int] = Counter()
    for row in rows:
        by_day[_EPOCH + timedelta(days=row.day)] += row.count
        by_name[row.name_id] += row.count
    most = by_name.most_common(NAMES)
    query = select(Name.id, Name.kind, Name.name).where(Name.id.in_([key for key, _ in most]))
    names = {row.id: (row.kind, row.name) for row in session.execute(query)}
    return Use(dict(by_day), [(*names[key], n) for key, n in most if key in names])
