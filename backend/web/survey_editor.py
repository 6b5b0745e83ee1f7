"""The survey editor: words, questions, branching and looks, beside the real widget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Response, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from backend.api.auth import access
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.errors import FieldError, InvalidRequestError, PreconditionFailedError
from backend.domain.flow.changes import Change, changes
from backend.domain.limits import NAME_LENGTH
from backend.services import survey_checks
from backend.services import surveys as service
from backend.services.scope import one
from backend.storage.models import Survey
from backend.web import content_form, preview, signed_in
from backend.web.blueprint import page, web

_SAVE: Final = "save"


@web.get("/surveys/<survey_id>/edit")
@access("dashboard", role=roles.ADMIN, scope="surveys:write")
def edit_survey(survey_id: str) -> Response:
    """The draft as a form."""
    with zeroten().db.read() as session:
        stored = _stored(session, survey_id)
    return _page(stored, stored["name"], stored["content"])


@web.post("/surveys/<survey_id>/edit")
@access("dashboard", role=roles.ADMIN, scope="surveys:write")
def save_survey(survey_id: str) -> ResponseReturnValue:
    """Save the draft; other buttons change the form alone, and nothing is stored."""
    content = content_form.read(request.form)
    name, do = request.form.get("name", "").strip()[:NAME_LENGTH], request.form.get("do", _SAVE)
    if do != _SAVE:
        shown = content_form.act(content, do, request.form.get("new_language", "").strip())
        return _page(_now(survey_id), name, shown)
    try:
        _save(survey_id, name, content)
    except PreconditionFailedError:
        stored = _now(survey_id)
        differences = _differences(stored["content"], content)
        return _page(stored, name, content, status=412, differences=differences)
    except InvalidRequestError as error:
        return _page(_now(survey_id), name, content, status=422, faults=error.errors)
    address = url_for(
        "web.survey", survey_id=survey_id, project_id=signed_in.project_id(), done="drafted"
    )
    return redirect(address, 303)


@web.post("/surveys/<survey_id>/preview")
@access("dashboard", role=roles.ADMIN, scope="surveys:write")
def preview_form(survey_id: str) -> Response:
    """What the widget needs to draw the form as it stands; nothing is stored."""
    content = content_form.filled(content_form.read(request.form))
    faults = survey_checks.content_faults(content, "#")
    chosen = {
        name.removeprefix("preview."): value
        for name, value in request.form.items()
        if name.startswith("preview.")
    }
    options = None if faults else preview.options(content, chosen)
    told = [f"{where(field_of(at, content))}: {detail}" for at, detail in faults]
    return jsonify({"content": content, "options": options, "faults": told})


def _save(survey_id: str, name: str, content: dict[str, Any]) -> None:
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    if not name:
        raise InvalidRequestError(errors=[FieldError("#/name", "The survey needs a name.")])
    tags = frozenset([request.form.get("revision", "")])
    zeroten().db.transact(
        lambda session: service.change(
            session,
            project_id,
            survey_id,
            {"name": name, "content": content},
            actor=actor,
            if_match=tags,
        )
    )


def _now(survey_id: str) -> dict[str, Any]:
    with zeroten().db.read() as session:
        return _stored(session, survey_id)


def _stored(session: Session, survey_id: str) -> dict[str, Any]:
    return service.view(session, one(session, Survey, signed_in.project_id(), survey_id))


def _differences(theirs: dict[str, Any], yours: dict[str, Any]) -> list[Change]:
    """Return what differs; a form with faults cannot be compared, and is not lost for that."""
    return [] if survey_checks.content_faults(yours, "#") else changes(theirs, yours)


def _page(
    stored: dict[str, Any],
    name: str,
    content: dict[str, Any],
    *,
    status: int = 200,
    faults: Sequence[FieldError] = (),
    differences: Sequence[Change] = (),
) -> Response:
    places = {field_of(fault.pointer, content): fault.detail for fault in faults}
    others = set(content["texts"]) - {content["default_language"]}
    return page(
        "edit.html",
        status,
        section="Surveys",
        survey=stored,
        name=name,
        content=content,
        base=content_form.as_json(content),
        faults=places,
        where=where,
        is_translation_wrong=lambda at: any(
            field.startswith(f"{at}.") and field.rpartition(".")[2] in others for field in places
        ),
        differences=differences,
        conditions=[content_form.conditions(content, i) for i in range(len(content["questions"]))],
        bands=content_form.bands(content),
        kinds=content_form.KIND_NAMES,
        languages=[(one, one) for one in content["texts"]],
        is_conflict=status == 412,
        as_json=content_form.as_json,
    )


def field_of(pointer: str, content: Mapping[str, Any]) -> str:
    """Return the name of the field that a fault of a content belongs to, `name` for the survey's.

    `#/content/texts/en/questions/why/text` is the field `q1.text.en`.
    """
    parts = pointer.removeprefix("#/").removeprefix("content/").split("/")
    places = {question["id"]: f"q{i}" for i, question in enumerate(content["questions"])}
    match parts:
        case ["questions", index, *rest]:
            return f"q{index}." + (rest[0] if rest else "text")
        case ["texts", language, "questions", id_, "by_band", band]:
            return f"{places.get(id_, 'q0')}.by_band.{band}.{language}"
        case ["texts", language, "questions", id_, member, *_]:
            return f"{places.get(id_, 'q0')}.{member}.{language}"
        case ["texts", language, "thanks", "by_band", band, member]:
            return f"thanks.{band}.{member}.{language}"
        case ["texts", language, "thanks", member]:
            return f"thanks.{member}.{language}"
        case ["theme", member, *_]:
            return f"theme.{member}"
    return parts[0] or "name"


def where(field: str) -> str:
    """Return in words where a field stands: `q1.text.en` is "Question 2, text, en"."""
    first, *rest = field.replace("_", " ").split(".")
    named = (
        f"Question {int(first[1:]) + 1}" if first[:1] == "q" and first[1:].isdecimal() else first
    )
    return ", ".join([named[:1].upper() + named[1:], *rest])
