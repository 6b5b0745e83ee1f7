"""The widget plane: the script, `decide`, `responses`. No cookie, no preflight, open to pages."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, Request, Response, request
from flask.typing import ResponseReturnValue

from backend.api import body, rate_limit
from backend.api.auth import access
from backend.api.public import files
from backend.api.public.privacy import asks_for_privacy
from backend.api.public.shapes import read_answer, read_question
from backend.api.state import zeroten
from backend.domain import origins
from backend.domain.errors import KeyInvalidError, NotFoundError, OriginNotAllowedError
from backend.services import credentials, respond, tag_loads
from backend.services.clock import utc_now
from backend.services.decide_together import Begun
from backend.services.nameless import nameless
from backend.services.published import PublishedProject
from backend.services.visitors import Question

public = Blueprint("public", __name__)

# Where a request carries why it is refused.
FAILED: Final = "zeroten.failed"


@public.get("/w/<name>")
@access("widget")
def script(name: str) -> ResponseReturnValue:
    """The loader with the project's configuration, or a file of the widget's build."""
    if name.startswith("pk_") and name.endswith((".js", ".json")):
        key, _, kind = name.rpartition(".")
        project_id = credentials.publishable_key_project(zeroten().db, key)
        if (origin := _origin_of_page()) is not None:
            tag_loads.note(zeroten().db, project_id, origin, utc_now())
        return files.loader(zeroten().published.project(project_id), key, kind)
    return files.built(name)


@public.post("/v1/decide", provide_automatic_options=False)
@access("widget")
def decide() -> ResponseReturnValue:
    """Refuse a question; what `straight.py` can answer does not come here."""
    failed: Exception = request.environ[FAILED]
    raise failed


def begin_question(asked: Request) -> Begun:
    """Ask whether this person may be asked now; every gate's word will be stored.

    Raises:
        DomainError: whatever the question is refused for.
    """
    rate_limit.check_address(asked)
    document = body.json_object(asked, "widget")
    project = project_of(document, asked)
    question = read_question(document, asked.environ.get("HTTP_ORIGIN"))
    if asks_for_privacy(document, project, asked):
        question = nameless(question, project.id, rate_limit.daily_salt())
    rate_limit.check_person(project.id, person_of(question))
    return zeroten().decider.begin(project, question, utc_now())


def answer_question(begun: Begun, accepted: str) -> tuple[bytes, list[tuple[str, str]]]:
    """Return the body and its headers of what was decided; a ticket is in it if so.

    Raises:
        DomainError: whatever the question is refused for.
    """
    told = zeroten().decider.told(begun)
    if told["show"] and (texts := files.interface(told["language"])):
        told["interface"] = texts
    return files.packed(told, accepted)


@public.post("/v1/responses", provide_automatic_options=False)
@access("widget")
def responses() -> ResponseReturnValue:
    """Store one revision of an answer; 201 the first time, 200 after that."""
    rate_limit.check_address(request)
    document = body.json_object(request, "widget")
    project = project_of(document, request)
    ticket = document.get("ticket")
    if not isinstance(ticket, str):
        raise NotFoundError
    rate_limit.check_person(project.id, ticket)
    answer = read_answer(document)
    try:
        stored = respond.respond(zeroten().db, project.id, ticket, answer, utc_now())
    except NotFoundError:
        zeroten().erased.check_ticket(project.id, ticket)
        raise
    told = {"state": stored.state, "revision": stored.revision}
    return body.answer(told, 201 if stored.is_new else 200)


@public.route("/v1/decide", methods=["OPTIONS"], endpoint="decide_options")
@public.route("/v1/responses", methods=["OPTIONS"], endpoint="responses_options")
@access("widget")
def preflight() -> ResponseReturnValue:
    """Answer a preflight; it carries no key, so it cannot be judged by project."""
    response = Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = "POST, GET"
    response.headers["Access-Control-Allow-Headers"] = "content-type"
    response.headers["Access-Control-Max-Age"] = "7200"
    return response


def _origin_of_page() -> str | None:
    """Return the origin of the page that loads the tag; None when it is no page that asks.

    A script's request has no `Origin`, and its referrer is left out by some pages' policies: then
    only what it is for tells, and the origin stays empty.
    """
    environ = request.environ
    referrer = urlsplit(environ.get("HTTP_REFERER", ""))
    said = environ.get("HTTP_ORIGIN") or f"{referrer.scheme}://{referrer.netloc}"
    if (origin := origins.canonical(said)) is not None:
        return origin
    return "" if environ.get("HTTP_SEC_FETCH_DEST") == "script" else None


def person_of(question: Question) -> str:
    """Return whom a request counts against: a token's holder apart from who only names them."""
    return question.identity_token or question.user_id or question.anonymous_id or ""


def project_of(document: dict[str, Any], asked: Request) -> PublishedProject:
    """Return the project of the key in the body, whose list must hold the page's origin."""
    key = document.get("publishable_key")
    if not isinstance(key, str):
        raise KeyInvalidError("publishable_key is missing.")
    parts = zeroten()
    project = parts.published.project(credentials.publishable_key_project(parts.db, key))
    origin = asked.environ.get("HTTP_ORIGIN")
    if not origins.is_allowed(origin, project.origins, project.is_demo):
        raise OriginNotAllowedError("Add the page's origin to the project's list of origins.")
    return project
