"""The comments: filtered, searched, read one after the other."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from backend.api.admin.common import decode_cursor, encode_cursor
from backend.api.auth import access
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.errors import FieldError, InvalidRequestError
from backend.services import responses
from backend.services.insights import comments as insights
from backend.services.insights.question import Question
from backend.services.insights.view import CATEGORIES
from backend.services.response_views import views
from backend.services.responses import Filters
from backend.web import signed_in
from backend.web.asked import Asked, asked, caches, survey_names
from backend.web.blueprint import page, web

A_PAGE: Final = 30
# Answers without a comment are passed over; so many are looked at for one page.
_LOOKED_AT: Final = 300
_THEMES: Final = 6


@web.get("/inbox")
@access("dashboard", role=roles.ANALYST, scope="responses:read")
def inbox() -> Response:
    """Comments, the newest first, with what they are about in the window."""
    wanted, project_id = asked(), signed_in.project_id()
    category, text = request.args.get("category") or None, request.args.get("q") or None
    if category is not None and category not in CATEGORIES:
        fault = FieldError("#/query/category", "category: promoter, passive or detractor.")
        raise InvalidRequestError(errors=[fault])
    filters = Filters(survey_id=wanted.survey_id, category=category, q=text)
    after = decode_cursor(request.args.get("cursor"), tuple[datetime, str])
    with zeroten().db.read() as session:
        rows = responses.listed(
            session, project_id, filters, newest_first=True, after=after, limit=_LOOKED_AT
        )
        written = [row for row in rows if row[0].comment]
        shown = written[:A_PAGE]
        is_more = len(written) > A_PAGE or len(rows) == _LOOKED_AT
        last = shown[-1] if len(written) > A_PAGE else rows[-1] if rows else None
        cursor = encode_cursor(responses.place(last, filters)) if is_more and last else None
        items: list[dict[str, Any]] = views(session, project_id, shown, names_people=True)
        tags = {row[0].id: responses.etag(row[0]) for row in shown}
        about = insights.comments(session, caches().windows, project_id, _whole(wanted))
        surveys = survey_names(session)
    return page(
        "inbox.html",
        section="Inbox",
        items=items,
        tags=tags,
        about=about,
        themes=about["rows"][:_THEMES],
        categories=CATEGORIES,
        category=category,
        q=text or "",
        cursor=cursor,
        surveys=surveys,
        asked=wanted,
    )


def _whole(wanted: Asked) -> Question:
    """Return the question without segments: the list beside it has none either."""
    question = wanted.question
    return Question(
        since=question.since,
        until=question.until,
        survey_id=question.survey_id,
        sees_answers=question.sees_answers,
    )


@web.post("/responses/<response_id>/test")
@access("dashboard", role=roles.ANALYST, scope="responses:write")
def mark_test(response_id: str) -> ResponseReturnValue:
    """Mark an answer as a test, or as a real one again: tests count in no insight."""
    project_id = signed_in.project_id()
    zeroten().db.transact(
        lambda session: responses.change(
            session,
            project_id,
            response_id,
            is_test=request.form.get("is_test") == "true",
            actor=signed_in.principal().token_id,
            if_match=frozenset([request.form.get("etag", "")]),
        )
    )
    return redirect(url_for("web.inbox", project_id=project_id) + f"#{response_id}", 303)
