"""What one may ask for about oneself, done by an admin: a copy of all data, or to be forgotten."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, request
from flask.typing import ResponseReturnValue

from backend.api import rate_limit
from backend.api.auth import access
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.errors import InvalidRequestError
from backend.domain.privacy import ANONYMISE, ERASE
from backend.services import erasure, privacy_export
from backend.services.ledger import Ledger
from backend.web import forms, signed_in
from backend.web.blueprint import web


@web.post("/person/export")
@access("dashboard", role=roles.ANALYST, scope="users:read")
def export_person() -> Response:
    """Hand over all that is kept about a person as one file; it is noted in the audit log."""
    project_id, actor, state = signed_in.project_id(), signed_in.principal().token_id, zeroten()
    rate_limit.check_export(actor)
    user_id, is_anonymous = _named()
    with state.db.read() as session:
        found = privacy_export.export(
            session, state.usage, project_id, user_id, is_anonymous=is_anonymous
        )
    state.db.transact(
        lambda session: privacy_export.record(
            session, state.vault, project_id, user_id, is_anonymous=is_anonymous, actor=actor
        )
    )
    response = Response(_json(found), content_type="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="person.json"'
    return response


@web.post("/person/forget")
@access("dashboard", role=roles.ADMIN, scope="users:write")
def forget_person() -> ResponseReturnValue:
    """Erase or anonymise a person whose id was typed once more; there is no way back."""
    user_id, is_anonymous = _named()
    if request.form.get("typed", "").strip() != user_id:
        raise InvalidRequestError("The id typed is not this person's. Nothing was changed.")
    mode = ERASE if request.form.get("mode") == ERASE else ANONYMISE
    state = zeroten()
    means = erasure.Means(state.db, state.vault, state.usage, Ledger(state.config.data_dir))
    erasure.erase(
        means,
        signed_in.project_id(),
        user_id,
        is_anonymous=is_anonymous,
        mode=mode,
        actor=signed_in.principal().token_id,
    )
    return forms.done("web.data", "erased" if mode == ERASE else "anonymised")


def _named() -> tuple[str, bool]:
    return request.form.get("user_id", ""), request.form.get("anonymous") == "true"


def _json(document: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2)
