"""The first page: the score and how sure it is, where it goes, who answered, whom to call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from flask import Response, request
from sqlalchemy.orm import Session

from backend.api.auth import access
from backend.api.state import zeroten
from backend.domain import roles
from backend.services import first_steps, responses
from backend.services.insights import accounts, answered, levels, over_time
from backend.services.response_views import views
from backend.services.responses import Filters
from backend.web import signed_in
from backend.web.asked import Asked, asked, caches, choices, survey_names
from backend.web.blueprint import page, web
from backend.web.charts.distribution import distribution
from backend.web.charts.intervals import interval
from backend.web.charts.trend import is_drawn, trend

UNITS: Final = ("week", "month", "quarter")
FULL_SCALE: Final = (-100, 100)
_CALLS: Final = 5
_COMMENTS: Final = 5
_LOOKED_AT: Final = 100
# Segments that answers in a list can be narrowed to as well.
_FILTERS: Final = {
    "role": "role",
    "plan": "plan",
    "page": "page",
    "language": "language",
    "version": "app_version",
    "category": "category",
    "account_id": "account_id",
}


@web.get("/")
@access("dashboard", role=roles.VIEWER, scope="insights:read")
def home() -> Response:
    """The state of things in one page; what only analysts see is left out for viewers."""
    wanted, project_id, kept = asked(), signed_in.project_id(), caches()
    unit = _unit()
    with zeroten().db.read() as session:
        question = wanted.question
        score = levels.score(session, kept.windows, project_id, question, kept.populations)
        over = over_time.trend(session, kept.windows, project_id, _longer(wanted), unit)
        watched = over_time.drift(session, kept.windows, project_id, _longer(wanted))
        who = answered.answered(session, kept.windows, project_id, question, kept.populations)
        given: dict[str, Any] = {
            "surveys": survey_names(session),
            "choices": choices(session, question),
            "calls": _calls(session, question) if signed_in.sees_answers() else None,
            "steps": None if score["n"] else first_steps.steps(session, project_id),
            "comments": comments(session, wanted, _COMMENTS) if signed_in.sees_answers() else None,
        }
    level = score["level"]
    return page(
        "home.html",
        asked=wanted,
        score=score,
        scale=interval(level, FULL_SCALE) if level["lower"] is not None else None,
        bars=distribution(score["distribution"]) if score["distribution"] else None,
        trend=over,
        unit=unit,
        units=UNITS,
        curve=trend(over, watched["rows"]) if any(map(is_drawn, over["rows"])) else None,
        alarms=watched["rows"],
        answered=who,
        **given,
    )


def comments(session: Session, wanted: Asked, most: int) -> list[dict[str, Any]] | None:
    """Return the newest answers with a comment, as far as the latest hundred have any.

    None when the segment is one that lists of answers cannot be narrowed to.
    """
    if any(name not in _FILTERS for name, _ in wanted.segments):
        return None
    project_id = signed_in.project_id()
    narrowed: dict[str, Any] = {_FILTERS[name]: value for name, value in wanted.segments}
    filters = Filters(survey_id=wanted.survey_id, **narrowed)
    rows = responses.listed(
        session, project_id, filters, newest_first=True, after=None, limit=_LOOKED_AT
    )
    written = [row for row in rows if row[0].comment][:most]
    return views(session, project_id, written, names_people=True)


def _calls(session: Session, question: Any) -> dict[str, Any]:
    # Who needs a call is asked of two cycles, whatever the page's window.
    whole = replace(question, since=None, until=None)
    table, _ = accounts.accounts(
        session,
        caches().windows,
        signed_in.project_id(),
        whole,
        only_attention=True,
        start=0,
        limit=_CALLS,
    )
    return table


def _longer(wanted: Asked) -> Any:
    """Return the question of the trend: a year, unless the address names dates."""
    if wanted.window is None:
        return wanted.question
    return replace(wanted.question, since=None)


def _unit() -> str:
    unit = request.args.get("unit", "month")
    return unit if unit in UNITS else "month"
