"""Saved segments: a group of people under a name, and a survey drafted for people like them."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from backend.api.auth import access
from backend.api.schemas.segments import NewSegmentSchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.audience_words import in_words
from backend.services import segment_sizes, surveys
from backend.services import segments as service
from backend.services.clock import utc_now
from backend.services.scope import one
from backend.storage.models import Segment
from backend.web import cells, forms, signed_in
from backend.web.asked import asked, survey_names
from backend.web.blueprint import page, web
from backend.web.forms import Form

SHOWN: Final = 100
DONE: Final = {"saved": "Saved.", "removed": "Removed; surveys made from it keep their audience."}


@web.get("/explore/segments")
@access("dashboard", role=roles.ANALYST, scope="insights:read")
def segments() -> Response:
    """What was saved, in words, with how many people meet each rule today."""
    return _page(Form())


@web.post("/explore/segments")
@access("dashboard", role=roles.ANALYST, scope="surveys:write")
def save_segment() -> ResponseReturnValue:
    """Save the group that the address names, as a rule: who meets it changes as people do."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id

    def work() -> ResponseReturnValue:
        given = {"name": request.form.get("name", "").strip(), "audience": _audience()}
        body = forms.load(NewSegmentSchema, given)
        zeroten().db.transact(lambda session: service.add(session, project_id, actor=actor, **body))
        return forms.done("web.segments", "saved")

    return forms.sent(work, _page)


@web.post("/explore/segments/remove")
@access("dashboard", role=roles.ANALYST, scope="surveys:write")
def remove_segment() -> ResponseReturnValue:
    """Forget a segment."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    segment_id = request.form.get("segment_id", "")
    zeroten().db.transact(
        lambda session: service.remove(session, project_id, segment_id, actor=actor)
    )
    return forms.done("web.segments", "removed")


@web.post("/explore/segments/draft")
@access("dashboard", role=roles.ADMIN, scope="surveys:write")
def draft_for_segment() -> ResponseReturnValue:
    """Draft a survey for the people of a saved segment."""
    with zeroten().db.read() as session:
        segment_id = request.form.get("segment_id", "")
        found = one(session, Segment, signed_in.project_id(), segment_id)
        name, audience = found.name, found.audience
    return _drafted(f"For {name}", audience)


@web.post("/explore/active-use/people")
@access("dashboard", role=roles.ADMIN, scope="surveys:write")
def campaign() -> ResponseReturnValue:
    """Draft a survey for the people who are like those of the group in the address."""
    return _drafted(f"For {cells.name(cells.group())}", _audience())


def _audience() -> dict[str, Any]:
    with zeroten().db.read() as session:
        table, _ = cells.people_of(session, asked(), cells.group())
    audience: dict[str, Any] = table["audience"]
    return audience


def _drafted(name: str, audience: dict[str, Any]) -> ResponseReturnValue:
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    draft = {"name": name[:200], "targeting": {"audience": audience}}
    survey_id = zeroten().db.transact(
        lambda session: surveys.add(session, project_id, draft, actor=actor).id
    )
    return redirect(url_for("web.survey", survey_id=survey_id, project_id=project_id), 303)


def _page(form: Form) -> Response:
    project_id, parts = signed_in.project_id(), zeroten()
    with parts.db.read() as session:
        rows = service.listed(session, project_id, before=None, limit=SHOWN)
        sizes = segment_sizes.sizes(session, parts.published.project(project_id), rows, utc_now())
        names = survey_names(session)
        told = [(service.view(row), in_words(row.audience, names), sizes[row.id]) for row in rows]
    return page("segments.html", form.status, section="Explore", rows=told, form=form, told=DONE)
