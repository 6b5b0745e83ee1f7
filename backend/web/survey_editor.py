"""The survey editor: words, questions, branching and looks, beside the real widget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from flask import Response, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from backend.api.auth import access
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.errors import FieldError, InvalidRequestError, PreconditionFailedError
from backend.domain.limits import NAME_LENGTH
from backend.services import survey_checks
from backend.services import surveys as service
from backend.services.scope import one
from backend.storage.models import Survey
from backend.web import content_form, joining, preview, signed_in
from backend.web.blueprint import page, web
from backend.web.joining import Draft, Joined

_SAVE: Final = "save"
_THEIRS: Final = "theirs"
_TAKEN: Final = "Where both had changed the same, theirs now stands below. Save to keep it."


@web.get("/surveys/<survey_id>/edit")
@access("dashboard", role=roles.ADMIN, scope="surveys:write")
def edit_survey(survey_id: str) -> Response:
    """The draft as a form."""
    stored = joining.of(_stored(survey_id))
    return _page(survey_id, stored, stored)


@web.post("/surveys/<survey_id>/edit")
@access("dashboard", role=roles.ADMIN, scope="surveys:write")
def save_survey(survey_id: str) -> ResponseReturnValue:
    """Save the draft; other buttons change the form alone, and nothing is stored."""
    content, begun = content_form.read(request.form), joining.begun(request.form)
    name, do = request.form.get("name", "").strip()[:NAME_LENGTH], request.form.get("do", _SAVE)
    yours = Draft(begun.revision, name, content)
    if do == _THEIRS:
        return _page(survey_id, begun, _with_theirs(yours), note=_TAKEN)
    if do != _SAVE:
        shown = content_form.act(content, do, request.form.get("new_language", "").strip())
        return _page(survey_id, begun, yours._replace(content=shown))
    try:
        _save(survey_id, yours)
    except PreconditionFailedError:
        return _join(survey_id, begun, yours)
    except InvalidRequestError as error:
        return _page(survey_id, begun, yours, status=422, faults=error.errors)
    return _saved(survey_id, "drafted")


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


def _join(survey_id: str, begun: Draft, yours: Draft) -> ResponseReturnValue:
    """Save what two wrote at once; where both changed the same, show it and lose nothing."""
    theirs = joining.of(_stored(survey_id))
    joined = joining.join(begun, theirs, yours)
    if joined is None:
        # Put right first: what is joined then has no faults of its own.
        faults = survey_checks.content_faults(yours.content, "#/content")
        return _page(survey_id, begun, yours, status=422, faults=faults)
    if joined.is_clean:
        try:
            _save(survey_id, joined.draft)
        except PreconditionFailedError:
            # Somebody saved in this very moment: theirs is in the form, to be joined again.
            return _page(survey_id, theirs, joined.draft, status=412)
        except InvalidRequestError as error:
            return _page(survey_id, theirs, joined.draft, status=422, faults=error.errors)
        return _saved(survey_id, "joined")
    return _page(survey_id, theirs, joined.draft, status=412, joined=joined)


def _with_theirs(yours: Draft) -> Draft:
    """Return the form with theirs where both changed the same; what was entered since stays."""
    shown = Draft(yours.revision, request.form.get("shown_name", yours.name), _shown())
    found = joining.join(shown, joining.begun(request.form, "otherwise"), yours)
    return yours if found is None else found.draft


def _shown() -> dict[str, Any]:
    return msgspec.json.decode(request.form["base"], type=dict[str, Any])


def _saved(survey_id: str, done: str) -> ResponseReturnValue:
    address = url_for(
        "web.survey", survey_id=survey_id, project_id=signed_in.project_id(), done=done
    )
    return redirect(address, 303)


def _save(survey_id: str, draft: Draft) -> None:
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    if not draft.name:
        raise InvalidRequestError(errors=[FieldError("#/name", "The survey needs a name.")])
    zeroten().db.transact(
        lambda session: service.change(
            session,
            project_id,
            survey_id,
            {"name": draft.name, "content": draft.content},
            actor=actor,
            if_match=frozenset([str(draft.revision)]),
        )
    )


def _stored(survey_id: str) -> dict[str, Any]:
    with zeroten().db.read() as session:
        return service.view(session, one(session, Survey, signed_in.project_id(), survey_id))


def _page(
    survey_id: str,
    begun: Draft,
    shown: Draft,
    *,
    status: int = 200,
    faults: Sequence[FieldError] = (),
    joined: Joined | None = None,
    note: str = "",
) -> Response:
    content = shown.content
    places = {field_of(fault.pointer, content): fault.detail for fault in faults}
    others = set(content["texts"]) - {content["default_language"]}
    return page(
        "edit.html",
        status,
        section="Surveys",
        survey=_stored(survey_id),
        name=shown.name,
        content=content,
        base=content_form.as_json(content),
        begun=joining.as_json(begun),
        otherwise=joining.as_json(joined.otherwise if joined else None),
        faults=places,
        where=where,
        is_translation_wrong=lambda at: any(
            field.startswith(f"{at}.") and field.rpartition(".")[2] in others for field in places
        ),
        conflicts=joined.conflicts if joined else (),
        conditions=[content_form.conditions(content, i) for i in range(len(content["questions"]))],
        bands=content_form.bands(content),
        kinds=content_form.KIND_NAMES,
        languages=[(one, one) for one in content["texts"]],
        is_conflict=status == 412,
        note=note,
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
