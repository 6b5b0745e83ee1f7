"""The first page: what runs here and where to go on."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from backend.api.auth import access

web = Blueprint("web", __name__, template_folder="templates")

POLICY: Final = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)


@web.get("/")
@access("open")
def landing() -> ResponseReturnValue:
    """Say that this is Zeroten and link what can be read."""
    response = Response(render_template("landing.html"), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    return response


@web.get("/landing.css")
@access("open")
def style() -> ResponseReturnValue:
    """The page's style sheet: the policy allows none inside the page."""
    return Response(render_template("landing.css"), content_type="text/css; charset=utf-8")
