"""For whom: the score by role, plan, page or any trait; what people use; active use."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request
from sqlalchemy.orm import Session

from backend.api.admin.common import decode_cursor, encode_cursor
from backend.api.auth import access
from backend.api.state import zeroten
from backend.domain import personal, roles
from backend.domain.errors import FieldError, InvalidRequestError
from backend.domain.insights.drivers import KINDS
from backend.services import survey_checks
from backend.services.insights import levels, people
from backend.web import cells, signed_in
from backend.web.asked import SEGMENTS, asked, caches, choices, survey_names
from backend.web.blueprint import page, web
from backend.web.charts.intervals import domain, interval
from backend.web.charts.scatter import scatter

DIMENSIONS: Final = {
    "role": "Role",
    "plan": "Plan",
    "page": "Page",
    "version": "App version",
    "language": "Language",
    "device": "Device",
    "usage_group": "Active use",
    "survey_version": "Survey version",
}
_CATEGORIES: Final = ("detractor", "passive", "promoter")


@web.get("/explore")
@access("dashboard", role=roles.VIEWER, scope="insights:read")
def explore() -> Response:
    """The score of each value of a dimension or a trait, the highest first."""
    wanted, by = asked(), request.args.get("by") or "role"
    with zeroten().db.read() as session:
        table = levels.breakdown(
            session, caches().windows, signed_in.project_id(), wanted.question, by=by
        )
        given = _common(session, wanted)
        traits = _traits(session)
    rows = sorted(table["rows"], key=lambda row: (row["nps"] is None, -(row["nps"] or 0)))
    limits = domain(rows)
    return page(
        "explore.html",
        table=table,
        rows=[(row, interval(row, limits)) for row in rows],
        limits=limits,
        by=by,
        label=DIMENSIONS.get(by, by),
        segment=by if by in (*DIMENSIONS, "survey_id") and by != "usage_group" else None,
        is_trait=by not in DIMENSIONS,
        dimensions=DIMENSIONS,
        traits=traits,
        **given,
    )


@web.get("/explore/features")
@access("dashboard", role=roles.VIEWER, scope="insights:read")
def features() -> Response:
    """What goes with a higher or lower score at equal active use."""
    wanted, name = asked(), request.args.get("kind", "features")
    kind = next((one for one in KINDS if one == name), None)
    if kind is None:
        raise InvalidRequestError(errors=[FieldError("#/query/kind", "kind: features or pages.")])
    with zeroten().db.read() as session:
        table = levels.features(
            session, caches().windows, signed_in.project_id(), wanted.question, kind
        )
        given = _common(session, wanted)
    tested = [row for row in table["rows"] if row["adjusted"] is not None]
    limits = domain(tested, of="adjusted")
    return page(
        "features.html",
        table=table,
        kind=kind,
        rows=[(row, interval(row, limits, of="adjusted")) for row in tested],
        untested=[row for row in table["rows"] if row["adjusted"] is None],
        segment="feature" if kind == "features" else "visited",
        **given,
    )


@web.get("/explore/active-use")
@access("dashboard", role=roles.VIEWER, scope="insights:read")
def active_use() -> Response:
    """Score against active use, and where the categories pile up."""
    wanted = asked()
    with zeroten().db.read() as session:
        table = people.active_use(
            session, caches().windows, signed_in.project_id(), wanted.question
        )
        given = _common(session, wanted)
    cells = {(c["usage_group"], c["category"]): c for c in table["hotspots"]["cells"]}
    return page(
        "active_use.html",
        table=table,
        marks=scatter(table["rows"], table["sentence"]) if table["rows"] else None,
        cells=cells,
        groups=sorted({group for group, _ in cells}, reverse=True),
        categories=_CATEGORIES,
        passives=people.TOP_DECILE_PASSIVES,
        **given,
    )


@web.get("/explore/active-use/people")
@access("dashboard", role=roles.ANALYST, scope="insights:read")
def cell() -> Response:
    """The people of a cell, those with most active use first."""
    wanted, group = asked(), cells.group()
    start = max(0, decode_cursor(request.args.get("cursor"), int) or 0)
    with zeroten().db.read() as session:
        table, more = cells.people_of(session, wanted, group, start)
        given = _common(session, wanted)
    following = encode_cursor(start + cells.A_PAGE) if more else None
    return page(
        "people.html",
        table=table,
        title=cells.name(group),
        group=group,
        cursor=following,
        left_out=[SEGMENTS.get(name, name).lower() for name in table["not_in_audience"]],
        **given,
    )


def _common(session: Session, wanted: Any) -> dict[str, Any]:
    return {
        "section": "Explore",
        "asked": wanted,
        "surveys": survey_names(session),
        "choices": choices(session, wanted.question),
    }


def _traits(session: Session) -> list[str]:
    """Return the traits one can look at; those that name people are for analysts."""
    known = survey_checks.KnownTraits(session, signed_in.project_id()).people or ()
    names: dict[str, Any] = {name: "" for name in known if name not in DIMENSIONS}
    if not signed_in.sees_answers():
        names = personal.without_names(names)
    return sorted(names)
