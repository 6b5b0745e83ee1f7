"""Who looks at a page: the member behind the session's cookie, in the project they look at."""

from __future__ import annotations

import hmac
from typing import Final, NamedTuple
from urllib.parse import urlencode

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from backend.api import auth
from backend.api.auth import access_of
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.errors import CsrfFailedError, NotFoundError, RoleForbiddenError
from backend.services import projects, sessions
from backend.services.clock import utc_now
from backend.services.credentials import Principal
from backend.services.sessions import LoggedIn
from backend.web import kept
from backend.web.fragments import wants_fragment

PLANE: Final = "dashboard"
PROJECT: Final = "project_id"
CSRF_FIELD: Final = "csrf_token"
FORM_BYTES: Final = 500_000
LARGE_FORMS: Final = {
    "web.import_answers": 16_000_000,
    # What was begun with travels along, and what somebody else wrote meanwhile.
    "web.save_survey": 2_000_000,
    "web.preview_form": 2_000_000,
}
_MOST_PROJECTS: Final = 200


def admit() -> ResponseReturnValue | None:
    """Before a page: find who looks, or send them to sign in.

    Raises:
        RoleForbiddenError, NotFoundError, CsrfFailedError.
    """
    request.max_content_length = LARGE_FORMS.get(request.endpoint or "", FORM_BYTES)
    request.max_form_memory_size = request.max_content_length
    needed = access_of(zeroten().app, request.endpoint or "", request.method)
    if needed is None or needed.plane != PLANE:
        return None
    known = member()
    if known is None:
        waiting = kept.sent() if request.method == "POST" and _is_sent_by_us() else None
        if waiting is not None and not wants_fragment():
            given = {"next": "/", "email": "", "wants_code": False, "problem": ""}
            return render_template("dashboard/sign_in.html", kept=waiting, **given), 401
        back = request.full_path.rstrip("?") if request.method == "GET" else "/"
        return redirect(url_for("web.sign_in") + "?" + urlencode({"next": back}))
    if request.method == "POST":
        check_form(known)
    g.principal = principal = _principal(known)
    if not roles.includes(principal.role, needed.role):
        raise RoleForbiddenError(f"This page is for the role {needed.role} and above.")
    return None


def member() -> LoggedIn | None:
    """Return the member of this request's session, None when nobody is signed in."""
    if "member" not in g:
        g.member = sessions.find(zeroten().db, auth.session_token(), utc_now())
    found: LoggedIn | None = g.member
    return found


def principal() -> Principal:
    """Return who looks at this page."""
    known: Principal = g.principal
    return known


def project_id() -> str:
    """Return the project that this page is about."""
    known: str = g.project_id
    return known


def sees_answers() -> bool:
    """Whether single answers and people may be shown: to analysts and above."""
    return principal().role != roles.VIEWER


def may(role: str) -> bool:
    """Whether who looks has `role` in this project."""
    return "principal" in g and roles.includes(principal().role, role)


class OwnProject(NamedTuple):
    """A project that a member may enter."""

    id: str
    name: str
    is_enabled: bool


def own_projects(known: LoggedIn) -> list[OwnProject]:
    """Return the projects that a member may enter, by name."""
    own = None if known.everywhere_role else frozenset(known.project_roles)
    with zeroten().db.read() as session:
        found = projects.listed(session, own, None, _MOST_PROJECTS)
        mine = [OwnProject(one.id, one.name, one.is_enabled) for one in found]
    return sorted(mine, key=lambda each: each.name.casefold())


def check_form(known: LoggedIn) -> None:
    """Raise CsrfFailedError unless a form on a page of ours sent this (section 2)."""
    sent = request.form.get(CSRF_FIELD, "")
    if not hmac.compare_digest(sent.encode(), known.csrf_token.encode()):
        raise CsrfFailedError("Load the page again, then send the form.")
    check_own_site()


def check_own_site() -> None:
    """Raise CsrfFailedError when a page of another site sent this; older browsers say Origin."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    is_own = site in ("same-origin", "none") if site else _is_own(origin)
    if not is_own:
        raise CsrfFailedError("The form was sent from another site.")


def _is_sent_by_us() -> bool:
    try:
        check_own_site()
    except CsrfFailedError:
        return False
    return True


def _is_own(origin: str | None) -> bool:
    return origin is not None and origin.partition("://")[2] == request.host


def _principal(known: LoggedIn) -> Principal:
    """Return what the member is in the project that the page names, or in their first one."""
    mine = own_projects(known)
    g.projects = {each.id: each.name for each in mine}
    named = request.args.get(PROJECT)
    if not mine:
        raise NotFoundError("You belong to no project yet. Ask an owner to add you.")
    if named is not None and named not in g.projects:
        raise NotFoundError("There is no such project, or you do not belong to it.")
    g.project_id = named or mine[0].id
    g.is_off = not next(each.is_enabled for each in mine if each.id == g.project_id)
    return known.principal(g.project_id)
