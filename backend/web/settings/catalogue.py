"""The catalogue of features and pages: renamed, merged, hidden; what is stored stays as sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from backend.api.auth import access
from backend.api.schemas.features import ArrangementSchema, CatalogueQuerySchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.errors import FieldError, InvalidRequestError
from backend.services import features as service
from backend.web import forms, signed_in
from backend.web.asked import here
from backend.web.blueprint import page, web
from backend.web.forms import Form

A_PAGE: Final = 100
DONE: Final = {"saved": "Saved; every report reads it so from now on."}
_NOTHING: Final = "Choose at least one name in the list."


@web.get("/settings/features")
@access("dashboard", role=roles.VIEWER, scope="insights:read")
def catalogue() -> Response:
    """What was sent, by the name reports use."""
    return _page(Form())


@web.post("/settings/features")
@access("dashboard", role=roles.ADMIN, scope="insights:write")
def arrange() -> ResponseReturnValue:
    """Rename, merge, hide, show, or give the chosen names back to themselves."""
    project_id, actor, kind = signed_in.project_id(), signed_in.principal().token_id, _kind()

    def work() -> ResponseReturnValue:
        chosen = request.form.getlist("label_of")
        if not chosen:
            raise InvalidRequestError(_NOTHING)

        def write(session: Session) -> None:
            known = service.catalogue(session, project_id, kind)["items"]
            for wanted in _arrangements(kind, known, frozenset(chosen)):
                service.arrange(session, project_id, actor=actor, **wanted)

        zeroten().db.transact(write)
        return redirect(here(done="saved"), 303)

    return forms.sent(work, _page)


def _arrangements(
    kind: str, known: Sequence[Mapping[str, Any]], chosen: frozenset[str]
) -> list[dict[str, Any]]:
    """Return what the pressed button asks of the chosen features, each as REST would take it."""
    step, label = request.form.get("step", ""), request.form.get("label", "").strip()
    items = [item for item in known if item["label"] in chosen]
    if step == "label":
        if not label:
            raise InvalidRequestError(errors=[FieldError("#/label", "Enter a name.")])
        names = [name for item in items for name in item["names"]]
        wanted: list[dict[str, Any]] = [{"names": names, "label": label}]
    elif step == "apart":
        wanted = [{"names": item["names"], "label": None} for item in items]
    else:
        is_hidden = step == "hide"
        wanted = [
            {"names": item["names"], "label": item["label"], "is_hidden": is_hidden}
            for item in items
        ]
    return [forms.load(ArrangementSchema, {"kind": kind, **one}) for one in wanted]


def _kind() -> str:
    return str(
        forms.load(CatalogueQuerySchema, {"kind": request.args.get("kind") or "feature"})["kind"]
    )


def _page(form: Form) -> Response:
    kind, words = _kind(), request.args.get("q", "").strip()
    place = request.args.get("start", "")
    start = int(place) if place.isascii() and place.isdecimal() and len(place) < 7 else 0
    with zeroten().db.read() as session:
        found = service.catalogue(session, signed_in.project_id(), kind)
    items = [item for item in found["items"] if _fits(item, words.casefold())]
    return page(
        "catalogue.html",
        form.status,
        section="Settings",
        catalogue=found,
        kind=kind,
        q=words,
        items=items[start : start + A_PAGE],
        fitting=len(items),
        start=start,
        following=start + A_PAGE if len(items) > start + A_PAGE else None,
        form=form,
        told=DONE,
    )


def _fits(item: Mapping[str, Any], words: str) -> bool:
    return any(words in text.casefold() for text in (item["label"], *item["names"]))
