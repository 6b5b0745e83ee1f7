"""What all pages share: their blueprint, their security headers, their layout, their errors."""

from __future__ import annotations

import secrets
from typing import Any, Final

import structlog
from flask import Blueprint, Response, current_app, g, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from backend.api.problems import INTERNAL, PROBLEMS
from backend.domain.errors import DomainError, InvalidRequestError
from backend.web import signed_in, words

log = structlog.get_logger()

web = Blueprint("web", __name__, template_folder="templates")
words.register(web)

# SECURITY_MODEL section 4. Styles and pictures come from files of ours alone.
POLICY: Final = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}'; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors {ancestors}; require-trusted-types-for 'script'"
)
HTML: Final = "text/html; charset=utf-8"


def page(template: str, status: int = 200, **given: Any) -> Response:
    """Return a page drawn from `dashboard/<template>`."""
    text = render_template(f"dashboard/{template}", **given)
    return Response(text, status=status, content_type=HTML)


def nonce() -> str:
    """Return this response's nonce for scripts inside the page."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    found: str = g.nonce
    return found


@web.before_request
def _admit() -> ResponseReturnValue | None:
    return signed_in.admit()


@web.after_request
def _secure(response: Response) -> Response:
    headers = response.headers
    if response.mimetype == "text/html":
        ancestors = "'self'" if g.get("is_framed") else "'none'"
        headers["Content-Security-Policy"] = POLICY.format(nonce=nonce(), ancestors=ancestors)
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@web.errorhandler(DomainError)
def _say(error: DomainError) -> Response:
    problem = PROBLEMS[type(error)]
    faults = [fault.detail for fault in error.errors]
    title = "This cannot be asked" if isinstance(error, InvalidRequestError) else problem.title
    return page("problem.html", problem.status, title=title, detail=error.detail, faults=faults)


@web.errorhandler(Exception)
def _say_unexpected(error: Exception) -> ResponseReturnValue:
    if isinstance(error, HTTPException) and (error.code or 500) < 500:
        return page("problem.html", error.code or 400, title=error.name, detail="", faults=[])
    log.error("internal-error", request_id=g.get("request_id"), exc_info=error)
    if current_app.testing:
        raise error
    return page("problem.html", INTERNAL.status, title=INTERNAL.title, detail="", faults=[])
