"""`POST /v1/pages`: what people looked at, sent by the page as it is left, where it is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from flask import request
from flask.typing import ResponseReturnValue

from backend.api import body, rate_limit
from backend.api.auth import access
from backend.api.headers import OPEN_TO_PAGES
from backend.api.public.privacy import asks_for_privacy
from backend.api.public.routes import person_of, project_of, public
from backend.api.public.shapes import read_question
from backend.api.state import zeroten
from backend.domain import limits
from backend.domain.errors import FieldError, InvalidRequestError, NotFoundError
from backend.domain.values import is_name
from backend.services import page_views
from backend.services.clock import utc_now
from backend.services.identify import identify
from backend.services.page_views import View

MOST_VIEWS: Final = 100


@public.post("/v1/pages", provide_automatic_options=False)
@access("widget")
def pages() -> ResponseReturnValue:
    """Count page views once; nothing is kept where the project or the browser does not want it."""
    rate_limit.check_address(request)
    document = body.json_object(request, "widget")
    project = project_of(document, request)
    if not project.page_views:
        raise NotFoundError("The project does not take page views.")
    question = read_question(document, request.headers.get("Origin"))
    key, views = _views(document)
    rate_limit.check_person(project.id, person_of(question))
    stored = 0
    if not asks_for_privacy(document, project, request):
        parts = zeroten()
        now = utc_now()
        asker = identify(parts.db, parts.vault, project, question, now)
        parts.erased.check(project.id, *asker.said)
        stored = page_views.count(parts.ingest, project, asker, key=key, views=views, now=now)
    response = body.answer({"stored": stored})
    response.headers.update(OPEN_TO_PAGES)
    return response


def _views(document: Mapping[str, Any]) -> tuple[str, list[View]]:
    """Return the id of the request, which makes sending it again harmless, and its views."""
    faults: list[FieldError] = []
    key, given = document.get("id"), document.get("views")
    if not is_name(key, limits.MESSAGE_ID_LENGTH):
        faults.append(FieldError("#/id", f"Must have 1 to {limits.MESSAGE_ID_LENGTH} characters."))
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_VIEWS:
        faults.append(FieldError("#/views", f"Must be 1 to {MOST_VIEWS} views."))
        raise InvalidRequestError(errors=faults)
    views = []
    for index, each in enumerate(given):
        view = _view(each)
        if view is None:
            faults.append(FieldError(f"#/views/{index}", "Needs page and engaged_ms."))
        else:
            views.append(view)
    if faults:
        raise InvalidRequestError(errors=faults)
    return str(key), views


def _view(given: Any) -> View | None:
    if not isinstance(given, dict) or not is_name(given.get("page"), limits.STRING_LENGTH):
        return None
    engaged = given.get("engaged_ms", 0)
    if isinstance(engaged, bool) or not isinstance(engaged, int) or engaged < 0:
        return None
    return View(str(given["page"]), engaged, _time(given.get("at")))


def _time(given: Any) -> datetime | None:
    """Return when the page was opened, by the browser; without a clear word, when it arrived."""
    try:
        at = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None
