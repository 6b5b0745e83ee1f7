"""The dashboard's session: log in, who am I, log out, password and second factor."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.http import dump_cookie

from backend.api import rate_limit
from backend.api.admin.common import AdminBlueprint, described
from backend.api.auth import access, access_of, cookie_name, logged_in
from backend.api.schemas.members import (
    LoginSchema,
    NewSecondFactorSchema,
    PasswordChangeSchema,
    RedeemSchema,
    SecondFactorSchema,
    SessionSchema,
    SessionsSchema,
)
from backend.api.state import zeroten
from backend.domain.errors import CsrfFailedError, LoginFailedError, NotFoundError
from backend.services import invitations, own_account, sessions
from backend.services.clock import utc_now
from backend.services.sessions import LoggedIn


class SessionBlueprint(AdminBlueprint):
    """Routes of the session; logins have no caller yet, and are counted by their address."""

    keeps_answers = False

    def _check(self) -> None:
        needed = access_of(zeroten().app, request.endpoint or "", request.method)
        if needed is not None and needed.plane == "login":
            rate_limit.check_login(request)
            self._check_address()
        else:
            super()._check()


session = SessionBlueprint("session", __name__, takes_project=False)


@session.post("/session")
@session.arguments(LoginSchema)
@session.response(201, SessionSchema)
@described(problems=[LoginFailedError, CsrfFailedError])
@access("login")
def log_in(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Log in. The session is in a cookie that scripts cannot read; it begins under a new id.

    An unknown address and a wrong password are answered alike. Where a second factor is set up,
    the right password without `code` is refused with the pointer `#/code`.
    """
    state = zeroten()
    known = sessions.log_in(
        state.db, state.vault, **body, now=utc_now(), is_limited=state.config.rate_limits
    )
    return _view(known), 201, _cookie(known.token)


@session.get("/session")
@session.response(200, SessionSchema)
@access("session")
def get_session() -> dict[str, Any]:
    """Say who is logged in, in which projects, and what changes must carry."""
    return _view(logged_in())


@session.delete("/session")
@session.response(204)
@described(problems=[CsrfFailedError])
@access("session")
def log_out() -> tuple[str, int, dict[str, str]]:
    """Log out: the session ends on the server."""
    sessions.end(zeroten().db, logged_in().token)
    return "", 204, _cookie("")


@session.get("/sessions")
@session.response(200, SessionsSchema)
@access("session")
def list_sessions() -> dict[str, Any]:
    """List where else one is logged in: when each session began and was last used."""
    with zeroten().db.read() as read:
        return {"items": sessions.listed(read, logged_in(), utc_now())}


@session.delete("/sessions")
@session.response(204)
@described(problems=[CsrfFailedError])
@access("session")
def end_other_sessions() -> None:
    """End all of one's sessions but this one."""
    sessions.end_others(zeroten().db, logged_in())


@session.put("/session/password")
@session.arguments(PasswordChangeSchema)
@session.response(200, SessionSchema)
@described(problems=[LoginFailedError, CsrfFailedError])
@access("session")
def change_password(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Choose another password. All sessions end; this one goes on under a new id."""
    rate_limit.check_login(request)
    known = own_account.change_password(zeroten().db, logged_in(), **body, now=utc_now())
    return _view(known), 200, _cookie(known.token)


@session.post("/session/second-factor")
@session.response(201, NewSecondFactorSchema)
@described(problems=[CsrfFailedError])
@access("session")
def create_second_factor() -> dict[str, str]:
    """Begin to set up a second factor: the secret is shown this once, and not wanted yet."""
    state = zeroten()
    return own_account.new_second_factor(state.db, state.vault, logged_in())


@session.put("/session/second-factor")
@session.arguments(SecondFactorSchema)
@session.response(204)
@described(problems=[LoginFailedError, CsrfFailedError])
@access("session")
def change_second_factor(body: dict[str, Any]) -> None:
    """Turn the second factor on or off, with a code of it."""
    rate_limit.check_login(request)
    state = zeroten()
    own_account.turn_second_factor(state.db, state.vault, logged_in(), **body, now=utc_now())


@session.post("/session/links")
@session.arguments(RedeemSchema)
@session.response(204)
@described(problems=[LoginFailedError, CsrfFailedError, NotFoundError])
@access("login")
def redeem_link(body: dict[str, Any]) -> None:
    """Use a one-time link: join a project, or choose a new password. Then log in."""
    invitations.redeem(zeroten().db, body["token"], body["password"], body["name"], utc_now())


def _view(known: LoggedIn) -> dict[str, Any]:
    return own_account.view(zeroten().db, known) | {
        "csrf_token": known.csrf_token,
        "expires_at": known.expires_at,
    }


def _cookie(token: str) -> dict[str, str]:
    """Return the header that sets the cookie; an empty token removes it."""
    cookie = dump_cookie(
        cookie_name(),
        token,
        max_age=int(sessions.ABSOLUTE.total_seconds()) if token else 0,
        path="/",
        secure=not zeroten().config.insecure_cookies,
        httponly=True,
        samesite="Lax",
    )
    return {"Set-Cookie": cookie}
