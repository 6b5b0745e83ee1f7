"""One-time links: the first owner, an invitation, a password forgotten."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from backend.api.auth import access
from backend.api.state import zeroten
from backend.domain.errors import (
    InvalidRequestError,
    LoginFailedError,
    NotFoundError,
    RateLimitedError,
)
from backend.services import invitations, sessions
from backend.services.clock import utc_now
from backend.web import signed_in
from backend.web.blueprint import page, web


@web.get("/join")
@access("open")
def join() -> Response:
    """The form; a script moves the token from the address's fragment, which no log sees."""
    return page("join.html", token="", name="", problem="")


@web.post("/join")
@access("open")
def redeem() -> ResponseReturnValue:
    """Use the link, then sign in."""
    signed_in.check_own_site()
    token, name = request.form.get("token", "").strip(), request.form.get("name", "").strip()
    # Who pasted the whole link meant its token.
    token = token.rpartition("#")[2]
    try:
        if zeroten().config.rate_limits:
            sessions.count_attempt(zeroten().db, f"join {token}", utc_now())
        password = request.form.get("password", "")
        invitations.redeem(zeroten().db, token, password, name[:200], utc_now())
    except (NotFoundError, LoginFailedError) as error:
        problem = error.detail or "The link or the password is not right."
    except InvalidRequestError as error:
        problem = " ".join(f"Password: {fault.detail}" for fault in error.errors)
    except RateLimitedError as error:
        problem = f"Too many attempts. Try again in {error.retry_after_s} seconds."
    else:
        return redirect(url_for("web.sign_in", joined="true"), 303)
    return page("join.html", 422, token=token, name=name, problem=problem)
