"""How answers are read: the themes of comments, tried before they are saved, and who counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from flask import Response, request
from flask.typing import ResponseReturnValue

from backend.api.auth import access
from backend.api.schemas.insights import SettingsChangeSchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.errors import FieldError, InvalidRequestError
from backend.services.clock import utc_now
from backend.services.insights import settings, theme_trial
from backend.services.insights.question import Question
from backend.web import forms, signed_in
from backend.web.asked import caches
from backend.web.blueprint import page, web
from backend.web.forms import Form

DONE: Final = {"saved": "Saved; the next look reads answers so."}
EMPTY: Final = {"name": "", "patterns": []}


@web.get("/settings/themes")
@access("dashboard", role=roles.ANALYST, scope="insights:read")
def themes() -> Response:
    """The themes with what each matches now."""
    return _page(Form())


@web.post("/settings/themes")
@access("dashboard", role=roles.ADMIN, scope="insights:write")
def change_themes() -> ResponseReturnValue:
    """Replace the themes; one without a name is left out."""
    return forms.sent(lambda: _save({"themes": _entered()}), _again)


@web.post("/settings/themes/try")
@access("dashboard", role=roles.ANALYST, scope="insights:read")
def try_themes() -> ResponseReturnValue:
    """Say what the themes in the form would match; nothing is saved."""

    def work() -> Response:
        wanted = forms.load(SettingsChangeSchema, {"themes": _entered()})["themes"]
        return _page(Form(request.form), wanted)

    return forms.sent(work, _again)


@web.post("/settings/themes/people")
@access("dashboard", role=roles.ADMIN, scope="insights:write")
def change_readers() -> ResponseReturnValue:
    """Replace whose unhappiness is worth a call, how roles weigh, and an account's worth."""
    return forms.sent(lambda: _save(_people()), _again)


def _save(document: dict[str, Any]) -> ResponseReturnValue:
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    changes = forms.load(SettingsChangeSchema, document)
    zeroten().db.transact(
        lambda session: settings.change(
            session, project_id, changes, actor=actor, if_match=forms.tags()
        )
    )
    return forms.done("web.themes", "saved")


def _people() -> dict[str, Any]:
    weights = {}
    for line in forms.lines("role_weights"):
        role, _, weight = (part.strip() for part in line.rpartition("="))
        try:
            weights[role] = float(weight)
        except ValueError:
            fault = FieldError("#/role_weights", f"“{line}”: write a role, = and a number.")
            raise InvalidRequestError(errors=[fault]) from None
    value_trait = request.form.get("value_trait", "").strip()
    key_roles = forms.lines("key_roles")
    return {"role_weights": weights, "key_roles": key_roles, "value_trait": value_trait}


def _entered() -> list[dict[str, Any]]:
    """Return the themes of the form; words stand one a line, or with commas between."""
    names, patterns = request.form.getlist("name"), request.form.getlist("patterns")
    pairs = zip(names, patterns, strict=False)
    return [
        {"name": name.strip(), "patterns": _words(text)} for name, text in pairs if name.strip()
    ]


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.replace(",", "\n").splitlines() if word.strip()]


def _again(form: Form) -> Response:
    return _page(form, _entered() if "name" in request.form else None)


def _page(form: Form, entered: Sequence[dict[str, Any]] | None = None) -> Response:
    project_id = signed_in.project_id()
    since = utc_now() - timedelta(days=theme_trial.DAYS)
    question = Question(since=since, sees_answers=True)
    with zeroten().db.read() as session:
        stored = settings.read(session, project_id)
        shown = list(stored.themes if entered is None else entered)
        told = theme_trial.trial(
            session, caches().windows, project_id, question, settings.themes_of(shown)
        )
        return page(
            "themes.html",
            form.status,
            section="Settings",
            stored=stored,
            rows=[*zip(shown, told["rows"], strict=True), (EMPTY, None)],
            trial=told,
            is_tried=entered is not None,
            weights="\n".join(f"{role} = {w:g}" for role, w in stored.role_weights.items()),
            days=theme_trial.DAYS,
            form=form,
            told=DONE,
        )
