"""How a survey looks: the real widget in a frame, drawing a draft; nothing it does is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, g, request

from backend.api.auth import access
from backend.api.public import files
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.flow import metric
from backend.services import projects
from backend.services.scope import one
from backend.storage.models import Survey
from backend.web import signed_in
from backend.web.blueprint import page, web

# What is shown besides the questions.
STATES: Final = ("thanks", "error")


@web.get("/surveys/<survey_id>/preview")
@access("dashboard", role=roles.VIEWER, scope="surveys:read")
def survey_preview(survey_id: str) -> Response:
    """The frame with the stored draft; the editor sends it newer ones (`static/preview.js`)."""
    project_id = signed_in.project_id()
    with zeroten().db.read() as session:
        content = one(session, Survey, project_id, survey_id).content
        keys = projects.keys_of(session, project_id)
        live = [key.token for key in keys if key.kind == "publishable" and not key.revoked_at]
    g.is_framed = True
    given = options(content, request.args)
    return page("preview.html", key=next(iter(live), None), content=content, options=given)


def options(content: Mapping[str, Any], chosen: Mapping[str, str]) -> dict[str, Any]:
    """Return the options of `zeroten('preview', …)` for what somebody chose to see."""
    languages = list(content["texts"])
    questions = [question["id"] for question in content["questions"]]
    language = chosen.get("language", content["default_language"])
    language = language if language in languages else languages[0]
    state = chosen.get("state", questions[0])
    return {
        "language": language,
        "state": state if state in (*questions, *STATES) else questions[0],
        "theme": {"mode": "dark" if chosen.get("mode") == "dark" else "light"},
        "values": _values(content, chosen.get("score", "")),
        "interface": files.interface(language),
    }


def _values(content: Mapping[str, Any], score: str) -> dict[str, Any]:
    question = metric(content)
    is_given = question is not None and score.isdecimal() and len(score) < 3
    return {question["id"]: int(score)} if question is not None and is_given else {}
