"""In and out: an e-mail address, a password, and the six digits where a member wants them."""

from __future__ import annotations

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from backend.api import auth
from backend.api.auth import access
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.errors import LoginFailedError, RateLimitedError
from backend.services import sessions
from backend.services.clock import utc_now
from backend.services.sessions import LoggedIn
from backend.web import kept, signed_in
from backend.web.blueprint import page, web


@web.get("/sign-in")
@access("open")
def sign_in() -> ResponseReturnValue:
    """The form; who is signed in already goes on."""
    if signed_in.member() is not None:
        return redirect(_next())
    return page("sign_in.html", next=_next(), email="", wants_code=False, problem="")


@web.post("/sign-in")
@access("open")
def begin() -> ResponseReturnValue:
    """Begin a session, or say that something is not right, not what."""
    signed_in.check_own_site()
    email = request.form.get("email", "")
    try:
        known = sessions.log_in(
            zeroten().db,
            zeroten().vault,
            email=email,
            password=request.form.get("password", ""),
            code=request.form.get("code") or None,
            now=utc_now(),
            is_limited=zeroten().config.rate_limits,
        )
    except LoginFailedError as error:
        wants_code = bool(error.errors)
        problem = "" if wants_code else "The address, the password or the digits are not right."
        status = 401
    except RateLimitedError as error:
        wants_code, status = False, 429
        problem = f"Too many attempts. Try again in {error.retry_after_s} seconds."
    else:
        return set_cookie(_go_on(known), known)
    return page(
        "sign_in.html",
        status,
        next=_next(),
        email=email,
        wants_code=wants_code,
        problem=problem,
        kept=kept.carried(),
    )


@web.post("/sign-out")
@access("dashboard", role=roles.VIEWER, scope="insights:read")
def sign_out() -> ResponseReturnValue:
    """End the session at the server; its cookie opens nothing any more."""
    sessions.end(zeroten().db, auth.session_token())
    response = redirect(url_for("web.sign_in"))
    response.delete_cookie(auth.cookie_name(), secure=_is_secure(), httponly=True, samesite="Lax")
    return response


def set_cookie(response: Response, known: LoggedIn) -> Response:
    """Let a response carry the session's cookie, which scripts cannot read."""
    response.set_cookie(
        auth.cookie_name(),
        known.token,
        expires=known.expires_at,
        secure=_is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response


def _go_on(known: LoggedIn) -> Response:
    """Return where one goes after signing in: to the form that was kept, if there is one."""
    waiting = kept.carried()
    if waiting is None:
        return redirect(_next())
    # The page is drawn for the session that begins with it.
    g.member = known
    return page("again.html", kept=waiting)


def _is_secure() -> bool:
    return auth.cookie_name() == auth.COOKIE


def _next() -> str:
    """Return where to go on: an address of ours, never another site's."""
    wanted = request.values.get("next", "/")
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\", "/sign-"))
    return wanted if is_ours and wanted.isprintable() else "/"
