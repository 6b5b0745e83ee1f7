"""The comments: filtered, searched, read one after the other, and followed up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError
from sqlalchemy.orm import Session

from backend.api.admin.common import decode_cursor, encode_cursor
from backend.api.auth import access
from backend.api.faults import faults_of
from backend.api.schemas.responses import ResponseChangeSchema, ResponseFilterSchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.errors import FieldError, InvalidRequestError, PreconditionFailedError
from backend.domain.insights.themes import Theme, comment_reader
from backend.domain.triage import STATUSES
from backend.services import responses, triage
from backend.services.insights import comments as insights
from backend.services.insights import settings
from backend.services.insights.question import Question
from backend.services.insights.view import CATEGORIES
from backend.services.response_views import views
from backend.services.responses import Filters, Found
from backend.web import signed_in
from backend.web.asked import Asked, asked, caches, here, survey_names
from backend.web.blueprint import page, web
from backend.web.fragments import wants_fragment

A_PAGE: Final = 30
# A theme is found by reading; so many comments are read for one page.
_READ: Final = 1_000
_THEMES: Final = 6
# What the address may narrow the list to, by the names of REST; the theme comes beside them.
FILTERS: Final = ("q", "category", "status", "assignee_id", "tag", "survey_id")


@dataclass(frozen=True, slots=True)
class Listed:
    """Comments of one page, and where the next begins."""

    rows: list[Found]
    cursor: str | None


@web.get("/inbox")
@access("dashboard", role=roles.ANALYST, scope="responses:read")
def inbox() -> Response:
    """Comments, the newest first, with what they are about in the window."""
    wanted, project_id = asked(), signed_in.project_id()
    given = _given()
    with zeroten().db.read() as session:
        themes = settings.themes(settings.read(session, project_id))
        listed = _listed(session, project_id, Filters(**given, has_comment=True), themes)
        about = insights.comments(session, caches().windows, project_id, _whole(wanted))
        known = _known(session, project_id, listed.rows, themes)
    return page(
        "inbox.html",
        section="Inbox",
        about=about,
        themes=about["rows"][:_THEMES],
        all_themes=[theme.name for theme in themes],
        categories=CATEGORIES,
        given=given | {"theme": request.args.get("theme")},
        cursor=listed.cursor,
        asked=wanted,
        back=here(),
        **known,
    )


@web.post("/responses/<response_id>")
@access("dashboard", role=roles.ANALYST, scope="responses:write")
def follow_up(response_id: str) -> ResponseReturnValue:
    """Save what is done about one answer; a script gets the comment alone, as it is now."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    tags, told, status = frozenset([request.form.get("etag", "")]), "", 200
    try:
        changes = _changes(request.form)
        zeroten().db.transact(
            lambda session: responses.change(
                session, project_id, response_id, changes=changes, actor=actor, if_match=tags
            )
        )
    except PreconditionFailedError:
        told = "Somebody else has changed this answer meanwhile; what you see now is theirs."
        status = 412
    except InvalidRequestError as error:
        told, status = " ".join(fault.detail for fault in error.errors), 422
    if status == 200 and not wants_fragment():
        return redirect(_back(project_id, response_id), 303)
    return _one(project_id, response_id, told, status)


def _given() -> dict[str, Any]:
    """Return what the address narrows the list to, checked as REST checks it."""
    named = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    try:
        found: dict[str, Any] = ResponseFilterSchema().load(named)
    except ValidationError as error:
        faults = faults_of(error.messages, "#/query")
        raise InvalidRequestError(
            errors=[FieldError(at, f"{at.rpartition('/')[2]}: {detail}") for at, detail in faults]
        ) from error
    return found


def _listed(session: Session, project_id: str, filters: Filters, themes: list[Theme]) -> Listed:
    """Return a page of comments; with a theme in the address, those that mention it."""
    wanted = [theme for theme in themes if theme.name == request.args.get("theme")]
    after = decode_cursor(request.args.get("cursor"), tuple[datetime, str])
    most = _READ if wanted else A_PAGE
    read = responses.listed(
        session, project_id, filters, newest_first=True, after=after, limit=most + 1
    )
    rows = list(read[:most])
    if wanted:
        reader = comment_reader(tuple(wanted))
        rows = [row for row in rows if any(reader(row[0].comment or ""))]
    is_cut = len(rows) > A_PAGE
    rows = rows[:A_PAGE]
    if not is_cut and len(read) <= most:
        return Listed(rows, None)
    last = rows[-1] if is_cut or not wanted else read[most - 1]
    return Listed(rows, encode_cursor(responses.place(last, filters)))


def _known(
    session: Session, project_id: str, rows: list[Found], themes: list[Theme]
) -> dict[str, Any]:
    """Return comments as pages show them, with all that the forms beside them offer."""
    items = views(session, project_id, rows, names_people=True)
    reader = comment_reader(tuple(themes))
    for item, row in zip(items, rows, strict=True):
        item["etag"] = responses.etag(row[0])
        matched = reader(item["comment"] or "")
        item["themes"] = [theme.name for theme, found in zip(themes, matched, strict=True) if found]
    return {
        "items": items,
        "surveys": survey_names(session),
        "statuses": STATUSES,
        "assignees": triage.assignees(session, project_id),
        "all_tags": triage.tags(session, project_id),
        "nobody": triage.NOBODY,
    }


def _one(project_id: str, response_id: str, told: str, status: int) -> Response:
    """Return one comment; without scripts on a page of its own, with what was entered."""
    with zeroten().db.read() as session:
        themes = settings.themes(settings.read(session, project_id))
        row = responses.find(session, project_id, response_id)
        known = _known(session, project_id, [row], themes)
    name = "_comment_alone.html" if wants_fragment() else "comment.html"
    entered = request.form if status != 200 else {}
    return page(
        name, status, section="Inbox", told=told, entered=entered, back=_back_path(), **known
    )


def _changes(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the change that a form asks for, checked as REST checks it.

    Raises:
        InvalidRequestError.
    """
    document: dict[str, Any] = {
        name: form[name] for name in ("status", "assignee_id", "note") if name in form
    }
    if document.get("assignee_id") == "":
        document["assignee_id"] = None
    if "tags" in form:
        document["tags"] = [tag for tag in form["tags"].split(",") if tag.strip()]
    if "is_test" in form:
        document["is_test"] = form["is_test"] == "true"
    try:
        found: dict[str, Any] = ResponseChangeSchema().load(document)
    except ValidationError as error:
        raise InvalidRequestError(errors=faults_of(error.messages, "#")) from error
    return found


def _back_path() -> str:
    """Return the address of the list that the form stood in: never another site's."""
    wanted = request.form.get("back", "")
    is_ours = wanted.startswith(("/inbox?", "/inbox#")) and wanted.isprintable()
    return wanted if is_ours else url_for("web.inbox", project_id=signed_in.project_id())


def _back(project_id: str, response_id: str) -> str:
    return f"{_back_path().partition('#')[0]}#{response_id}"


def _whole(wanted: Asked) -> Question:
    """Return the question without segments: the list beside it has none either."""
    question = wanted.question
    return Question(
        since=question.since,
        until=question.until,
        survey_id=question.survey_id,
        sees_answers=question.sees_answers,
    )
