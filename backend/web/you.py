"""One's own account: password, second factor, where else one is signed in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.utils import redirect

from backend.api import rate_limit
from backend.api.auth import access
from backend.api.schemas.members import PasswordChangeSchema, SecondFactorSchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.errors import FieldError, LoginFailedError
from backend.services import own_account, sessions, totp
from backend.services.clock import utc_now
from backend.services.sessions import LoggedIn
from backend.web import forms, signed_in
from backend.web.blueprint import page, web
from backend.web.charts.qr import qr
from backend.web.forms import Form
from backend.web.sign_in import set_cookie

T = TypeVar("T")

DONE: Final = {
    "password": "Your password is changed. Every other session has ended.",
    "on": "The second factor is on: from now on signing in asks for six digits.",
    "off": "The second factor is off.",
    "ended": "All your other sessions have ended.",
}
_WRONG_CODE: Final = "Not the digits that the app shows now, or used already."
_QR_LABEL: Final = "QR code of the secret beside it"
_SECRET: Final = re.compile(r"[A-Z2-7]{16,64}")


@web.get("/you")
@access("dashboard", role=roles.VIEWER, scope="insights:read")
def you() -> Response:
    """One's own account."""
    return _page(Form())


@web.post("/you/password")
@access("dashboard", role=roles.VIEWER, scope="insights:read")
def change_password() -> ResponseReturnValue:
    """Choose another password; every session ends, and this one goes on under a new id."""
    rate_limit.check_login(request)

    def work() -> ResponseReturnValue:
        wanted = {name: request.form.get(name, "") for name in ("current_password", "new_password")}
        body = forms.load(PasswordChangeSchema, wanted)
        known = _refusing(
            "current_password",
            "This is not your password.",
            lambda: own_account.change_password(zeroten().db, _me(), **body, now=utc_now()),
        )
        address = url_for("web.you", project_id=signed_in.project_id(), done="password")
        return set_cookie(redirect(address, 303), known)

    return forms.sent(work, _page)


@web.post("/you/second-factor/new")
@access("dashboard", role=roles.VIEWER, scope="insights:read")
def new_second_factor() -> ResponseReturnValue:
    """Begin to set up a second factor; its secret is shown this once."""
    return forms.sent(
        lambda: _page(
            Form(own_account.new_second_factor(zeroten().db, zeroten().vault, _me())),
        ),
        _page,
    )


@web.post("/you/second-factor")
@access("dashboard", role=roles.VIEWER, scope="insights:read")
def turn_second_factor() -> ResponseReturnValue:
    """Turn the second factor on or off, with a code of it."""
    rate_limit.check_login(request)
    is_on = request.form.get("enabled") == "true"

    def work() -> ResponseReturnValue:
        code = request.form.get("code", "").replace(" ", "")
        body = forms.load(SecondFactorSchema, {"code": code, "enabled": is_on})
        _refusing(
            "code",
            _WRONG_CODE,
            lambda: own_account.turn_second_factor(
                zeroten().db, zeroten().vault, _me(), **body, now=utc_now()
            ),
        )
        return forms.done("web.you", "on" if is_on else "off")

    return forms.sent(work, _page)


@web.post("/you/sessions/end")
@access("dashboard", role=roles.VIEWER, scope="insights:read")
def end_other_sessions() -> ResponseReturnValue:
    """End all of one's sessions but this one."""
    sessions.end_others(zeroten().db, _me())
    return forms.done("web.you", "ended")


def _refusing(name: str, detail: str, work: Callable[[], T]) -> T:
    """Do `work`; where it finds the wrong secret, say so at the field `name`."""
    try:
        return work()
    except LoginFailedError as error:
        raise LoginFailedError(errors=[FieldError(f"#/{name}", detail)]) from error


def _me() -> LoggedIn:
    known = signed_in.member()
    assert known is not None
    return known


def _page(form: Form) -> Response:
    me = _me()
    with zeroten().db.read() as session:
        rows = sessions.listed(session, me, utc_now())
    begun = _begun(form, me)
    return page("you.html", form.status, me=me, sessions=rows, form=form, told=DONE, begun=begun)


def _begun(form: Form, me: LoggedIn) -> dict[str, str] | None:
    """Return a second factor that waits for its first digits: secret, address and QR code."""
    secret = form.values.get("secret", "")
    if not _SECRET.fullmatch(secret):
        return None
    address = totp.address(secret, me.email)
    return {"secret": secret, "address": address, "code": qr(address, _QR_LABEL)}
