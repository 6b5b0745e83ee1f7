"""Who may call what. Every route says its plane, and on the admin plane its role and scope."""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from flask import Flask, g, request

from backend.api.state import zeroten
from backend.domain import errors, keys, roles
from backend.domain.roles import ROLES as ROLES
from backend.services import credentials, sessions
from backend.services.clock import utc_now
from backend.services.credentials import Principal
from backend.services.sessions import LoggedIn

COOKIE: Final = "__Host-zeroten"
# Without `Secure` no `__Host-`: only for INSECURE_COOKIES=1 on the loopback address.
PLAIN_COOKIE: Final = "zeroten"
CSRF_HEADER: Final = "X-CSRF-Token"
_SAFE_METHODS: Final = ("GET", "HEAD")

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks of its caller.

    Args:
        plane: `widget`, `events`, `admin`, `session` for what only a logged-in member may do,
            `login` for how one becomes that, or `open` for what anybody may read.
        needs_project: False where a member of several projects need not name one.
    """

    plane: str
    role: str = ""
    scope: str = ""
    needs_project: bool = True


def access(
    plane: str, *, role: str = "", scope: str = "", needs_project: bool = True
) -> Callable[[View], View]:
    """Declare what a view asks of its caller; a route without this cannot be registered."""

    def declare(view: View) -> View:
        view.access = Access(plane, role, scope, needs_project)  # type: ignore[attr-defined]
        return view

    return declare


def access_of(app: Flask, endpoint: str, method: str) -> Access | None:
    """Return what the view behind `endpoint` declared, for one method of it."""
    view = app.view_functions[endpoint]
    view_class = getattr(view, "view_class", None)
    if view_class is not None:
        view = getattr(view_class, method.lower(), view)
    found: Access | None = getattr(view, "access", None)
    return found


def check_declared(app: Flask) -> None:
    """Raise unless every route has declared its access."""
    silent = [
        f"{method} {rule}"
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if rule.endpoint != "static" and access_of(app, rule.endpoint, method) is None
    ]
    if silent:
        raise RuntimeError("routes without declared access: " + ", ".join(silent))


def admit_admin() -> None:
    """Before a request of the admin plane: find who calls by token or session, or refuse."""
    if request.method == "OPTIONS" or request.endpoint is None:
        return
    needed = access_of(zeroten().app, request.endpoint, request.method)
    if needed is None or needed.plane not in ("admin", "session", "login"):
        return
    if needed.plane == "login":
        _check_not_cross_site()
        return
    g.principal = principal = _caller(needed)
    if needed.plane == "session":
        return
    if not roles.includes(principal.role, needed.role):
        raise errors.RoleForbiddenError(f"This needs the role {needed.role}.")
    if needed.scope not in principal.scopes and "*" not in principal.scopes:
        raise errors.ScopeMissingError(f"This needs the scope {needed.scope}.")


def _caller(needed: Access) -> Principal:
    """Return who calls: a bearer token's principal, else that of the session in the cookie."""
    if "Authorization" in request.headers and needed.plane == "admin":
        return credentials.admin_principal(zeroten().db, presented_key())
    g.logged_in = known = sessions.find(zeroten().db, session_token(), utc_now())
    if known is None:
        raise errors.TokenInvalidError
    if request.method not in _SAFE_METHODS:
        _check_csrf(known)
    if needed.plane == "session":
        return known.principal(None, needs_project=False)
    named = request.args.get("project_id") or (request.view_args or {}).get("project_id")
    return known.principal(named, needs_project=needed.needs_project)


def logged_in() -> LoggedIn:
    """Return the session behind a request of the plane `session`."""
    known: LoggedIn = g.logged_in
    return known


def cookie_name() -> str:
    """Return the name of the session's cookie."""
    return PLAIN_COOKIE if zeroten().config.insecure_cookies else COOKIE


def session_token() -> str:
    """Return what the session's cookie holds; empty without one."""
    return request.cookies.get(cookie_name(), "")


def _check_csrf(known: LoggedIn) -> None:
    """Raise CsrfFailedError unless a page of ours sent this (security model, section 2)."""
    sent = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(sent.encode(), known.csrf_token.encode()):
        raise errors.CsrfFailedError(f"Send {CSRF_HEADER} with the session's csrf_token.")
    if "Sec-Fetch-Site" not in request.headers and "Origin" not in request.headers:
        raise errors.CsrfFailedError("Send Sec-Fetch-Site or Origin.")
    _check_not_cross_site()


def _check_not_cross_site() -> None:
    """Raise CsrfFailedError when a page of another site sent this; older browsers say Origin."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        is_own = site in ("same-origin", "none")
    else:
        is_own = _is_own(request.headers.get("Origin"))
    if not is_own:
        raise errors.CsrfFailedError("The request comes from another site.")


def _is_own(origin: str | None) -> bool:
    if origin is None or origin == zeroten().config.public_url:
        return True
    return origin.partition("://")[2] == request.host


def principal() -> Principal:
    """Return who calls, on the admin plane."""
    known: Principal = g.principal
    return known


def admit_server() -> str:
    """Return the project of the secret key in this request.

    Raises:
        KeyInvalidError, KeyNotAllowedError, ScopeMissingError, SecretKeyInBrowserError.
    """
    presented = presented_key()
    if keys.kind_of(presented) in (keys.PUBLISHABLE, keys.ADMIN_TOKEN):
        raise errors.KeyNotAllowedError("Use a secret key (sk_…) here.")
    if presented.startswith(keys.SECRET) and _comes_from_a_page():
        credentials.note_exposure(zeroten().db, presented)
        raise errors.SecretKeyInBrowserError
    return credentials.secret_key_project(zeroten().db, presented, "events:write")


def presented_key() -> str:
    """Return the key of the request: Bearer, or the user name of HTTP Basic; else nothing."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return b64decode(value, validate=True).decode().partition(":")[0]
        except ValueError:  # no base64, no ASCII, no UTF-8
            return ""
    return ""


def _comes_from_a_page() -> bool:
    site = request.headers.get("Sec-Fetch-Site", "none")
    return "Origin" in request.headers or site != "none"
