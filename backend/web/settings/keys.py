"""Keys of pages and servers, and tokens for programs that read or change what members may."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request
from flask.typing import ResponseReturnValue

from backend.api.auth import access
from backend.api.schemas.projects import NewKeySchema, NewTokenSchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.services import projects, tokens
from backend.services.clock import utc_now
from backend.web import forms, signed_in
from backend.web.blueprint import page, web
from backend.web.forms import Form

DONE: Final = {"revoked": "Revoked; it opens nothing any more."}


@web.get("/settings/keys")
@access("dashboard", role=roles.ADMIN, scope="keys:read")
def keys() -> Response:
    """The project's keys and tokens; of secret ones their ends."""
    return _page(Form())


@web.post("/settings/keys")
@access("dashboard", role=roles.ADMIN, scope="keys:write")
def add_key() -> ResponseReturnValue:
    """Add a key; a secret one is shown this once."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id

    def work() -> Response:
        kind = forms.load(NewKeySchema, {"kind": request.form.get("kind", "")})["kind"]
        made = zeroten().db.transact(
            lambda session: projects.add_key(session, project_id, kind, actor=actor)[1]
        )
        return _page(Form(), made)

    return forms.sent(work, _page)


@web.post("/settings/keys/revoke")
@access("dashboard", role=roles.ADMIN, scope="keys:write")
def revoke_key() -> ResponseReturnValue:
    """Revoke a key, at once and for good."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    key_id = request.form.get("key_id", "")
    zeroten().db.transact(
        lambda session: projects.revoke_key(session, project_id, key_id, actor=actor)
    )
    return forms.done("web.keys", "revoked")


@web.post("/settings/tokens")
@access("dashboard", role=roles.ADMIN, scope="keys:write")
def add_token() -> ResponseReturnValue:
    """Add a token that may do no more than who adds it; it is shown this once."""
    project_id, by = signed_in.project_id(), signed_in.principal()

    def work() -> Response:
        wanted = forms.load(NewTokenSchema, _token(request.form))
        made = zeroten().db.transact(
            lambda session: tokens.add(session, project_id, by=by, **wanted)[1]
        )
        return _page(Form(), made)

    return forms.sent(work, _page)


@web.post("/settings/tokens/revoke")
@access("dashboard", role=roles.ADMIN, scope="keys:write")
def revoke_token() -> ResponseReturnValue:
    """Revoke a token, at once and for good."""
    project_id, by = signed_in.project_id(), signed_in.principal()
    token_id = request.form.get("token_id", "")

    def work() -> ResponseReturnValue:
        zeroten().db.transact(lambda session: tokens.revoke(session, project_id, token_id, by=by))
        return forms.done("web.keys", "revoked")

    return forms.sent(work, _page)


def _token(entered: Any) -> dict[str, Any]:
    return {
        "name": entered.get("name", "").strip(),
        "role": entered.get("role", ""),
        "days": forms.number(entered.get("days", "")),
    }


def _page(form: Form, made: str | None = None) -> Response:
    project_id = signed_in.project_id()
    with zeroten().db.read() as session:
        rows = [projects.key_view(key) for key in projects.keys_of(session, project_id)]
        known = [tokens.view(token) for token in tokens.tokens_of(session, project_id)]
    return page(
        "keys.html",
        form.status,
        section="Settings",
        rows=rows,
        tokens=known,
        roles=[(role, role) for role in roles.ROLES if signed_in.may(role)],
        days=projects.TOKEN_DAYS,
        most_days=projects.MAX_TOKEN_DAYS,
        now=utc_now(),
        form=form,
        made=made,
        told=DONE,
    )
