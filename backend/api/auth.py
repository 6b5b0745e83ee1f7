"""Who may call what. Every route says its plane, and on the admin plane its role and scope."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from flask import Flask, g, request

from backend.api.state import zeroten
from backend.domain import errors, keys
from backend.services import credentials
from backend.services.credentials import Principal

ROLES: Final = ("viewer", "analyst", "admin", "owner")

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks of its caller.

    Args:
        plane: `widget`, `events`, `admin`, or `open` for what anybody may read.
    """

    plane: str
    role: str = ""
    scope: str = ""


def access(plane: str, *, role: str = "", scope: str = "") -> Callable[[View], View]:
    """Declare what a view asks of its caller; a route without this cannot be registered."""

    def declare(view: View) -> View:
        view.access = Access(plane, role, scope)  # type: ignore[attr-defined]
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
    """Before an admin request: find the token's principal, or refuse."""
    if request.method == "OPTIONS" or request.endpoint is None:
        return
    needed = access_of(zeroten().app, request.endpoint, request.method)
    if needed is None or needed.plane != "admin":
        return
    g.principal = principal = credentials.admin_principal(zeroten().db, presented_key())
    if ROLES.index(principal.role) < ROLES.index(needed.role):
        raise errors.RoleForbiddenError(f"This needs the role {needed.role}.")
    if needed.scope not in principal.scopes and "*" not in principal.scopes:
        raise errors.ScopeMissingError(f"This needs the scope {needed.scope}.")


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
