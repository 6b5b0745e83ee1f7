"""Puts the pages together and gives templates what all of them use."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask, g, request

from backend.domain import roles
from backend.web import (
    accounts,
    assets,
    audience,
    explain,
    explore,
    home,
    inbox,
    join,
    person,
    preview,
    segments,
    settings,
    sign_in,
    signed_in,
    survey_editor,
    surveys,
    users,
    you,
)
from backend.web.asked import SEGMENTS, WINDOWS, here, here_for, link
from backend.web.blueprint import nonce, web

PARTS: Final = (
    accounts,
    audience,
    assets,
    explain,
    explore,
    home,
    inbox,
    join,
    person,
    preview,
    segments,
    settings,
    sign_in,
    survey_editor,
    surveys,
    users,
    you,
)
NAVIGATION: Final = (
    ("web.home", "Home", roles.VIEWER),
    ("web.explore", "Explore", roles.VIEWER),
    ("web.accounts", "Accounts", roles.ANALYST),
    ("web.inbox", "Inbox", roles.ANALYST),
    ("web.surveys", "Surveys", roles.VIEWER),
    ("web.install", "Settings", roles.VIEWER),
)


def register(app: Flask) -> None:
    """Add the dashboard to the application."""
    app.register_blueprint(web)
    # Globals reach into imported macros as well, what a context holds does not.
    app.jinja_env.globals.update(asset=assets.address, nonce=nonce, link=link, here=here)
    app.jinja_env.globals.update(here_for=here_for)


@web.context_processor
def _common() -> dict[str, Any]:
    known = signed_in.member() if request.blueprint == web.name else None
    return {
        "may": signed_in.may,
        "member": known,
        "projects": g.get("projects", {}),
        "is_off": g.get("is_off", False),
        "project_id": g.get("project_id"),
        "csrf_token": known.csrf_token if known else "",
        "navigation": [entry for entry in NAVIGATION if signed_in.may(entry[2])],
        "windows": WINDOWS,
        "segments": SEGMENTS,
    }
