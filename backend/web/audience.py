"""Whom a survey is for: rules as rows, the people they hold for counted while one writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.api.auth import access
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.audience import check
from backend.domain.audience_language import BANDS, FIELDS, SUBJECTS, USAGE
from backend.domain.audience_words import OPERATORS, in_words
from backend.domain.audience_words import SUBJECTS as SUBJECT_WORDS
from backend.domain.errors import FieldError, InvalidRequestError, PreconditionFailedError
from backend.services import reach, survey_checks
from backend.services import surveys as service
from backend.services.clock import utc_now
from backend.services.scope import one
from backend.storage.models import Name, Survey
from backend.web import audience_form, signed_in
from backend.web.asked import survey_names
from backend.web.audience_form import Groups
from backend.web.blueprint import page, web
from backend.web.content_form import as_json

POINTER: Final = "#/targeting/audience"
_NAMES: Final = 300
FIRST_JUDGED: Final = 600
# Of so many people judged, the share that meets the rule is off by a sixth at most, usually.
ENOUGH: Final = 100
# Which operators go with which subject; those that are missing take none.
ALLOWED: Final = {
    **{name: list(SUBJECTS[name][None]) for name in audience_form.TRAITS},
    **{str(name): list(ops) for name, ops in (*FIELDS.items(), *USAGE.items())},
}


@web.get("/surveys/<survey_id>/audience")
@access("dashboard", role=roles.ADMIN, scope="surveys:write")
def audience(survey_id: str) -> Response:
    """The survey's audience as rows, or as JSON where rows cannot show it."""
    with zeroten().db.read() as session:
        rule = one(session, Survey, signed_in.project_id(), survey_id).targeting["audience"]
    return _page(survey_id, rule, audience_form.rows(rule))


@web.post("/surveys/<survey_id>/audience")
@access("dashboard", role=roles.ADMIN, scope="surveys:write")
def save_audience(survey_id: str) -> ResponseReturnValue:
    """Save the audience, or try it: every other button stores nothing."""
    do = request.form.get("do", "save")
    try:
        rule, rows = _entered(do)
    except InvalidRequestError as error:
        return _page(survey_id, None, None, 422, error.errors, text=request.form.get("json", ""))
    if do != "save":
        # What has just been added is empty, not wrong.
        is_asked = do in ("try", "json")
        return _page(survey_id, rule, rows, is_asked=is_asked)
    try:
        _save(survey_id, rule)
    except PreconditionFailedError:
        return _page(survey_id, rule, rows, 412)
    except InvalidRequestError as error:
        return _page(survey_id, rule, rows, 422, error.errors)
    address = url_for(
        "web.survey", survey_id=survey_id, project_id=signed_in.project_id(), done="saved"
    )
    return redirect(address, 303)


def _entered(do: str) -> tuple[Any, Groups | None]:
    """Return the rule that was entered, and its rows.

    Raises:
        InvalidRequestError: the JSON is none.
    """
    if do == "json" or "g0.join" not in request.form:
        rule = _decoded(request.form.get("json", ""))
        is_right = not check(rule)
        return rule, audience_form.rows(rule) if is_right else None
    rows = audience_form.act(audience_form.read(request.form), do)
    return audience_form.rule_of(rows), rows


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text) if text.strip() else None
    except msgspec.DecodeError as error:
        fault = FieldError(POINTER, "This is no JSON yet: " + str(error) + ".")
        raise InvalidRequestError(errors=[fault]) from error


def _save(survey_id: str, rule: Any) -> None:
    """Save the audience also when somebody has changed other parts of the survey meanwhile.

    Raises:
        PreconditionFailedError: they changed the audience.
    """
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    begun = request.form.get("begun")

    def work(session: Session) -> None:
        stored = one(session, Survey, project_id, survey_id, lock=True)
        is_same = as_json(stored.targeting["audience"]) == begun
        tag = str(stored.revision) if is_same else request.form.get("revision", "")
        change = {"targeting": {"audience": rule}}
        service.change(
            session, project_id, survey_id, change, actor=actor, if_match=frozenset([tag])
        )

    zeroten().db.transact(work)


def _page(
    survey_id: str,
    rule: Any,
    rows: Groups | None,
    status: int = 200,
    faults: Iterable[FieldError] = (),
    text: str | None = None,
    is_asked: bool = True,
) -> Response:
    project_id = signed_in.project_id()
    with zeroten().db.read() as session:
        survey = one(session, Survey, project_id, survey_id)
        stored = service.view(session, survey)
        known = survey_checks.KnownTraits(session, project_id)
        faults = list(faults) or survey_checks.audience_faults(rule, POINTER, known)
        found = None if faults else _count(session, survey_id, rule)
        features = _features(session, project_id)
        surveys = survey_names(session)
    return page(
        "audience.html",
        status,
        section="Surveys",
        survey=stored,
        **_of_whom(stored, is_new=request.method == "GET" or status == 412),
        rows=rows,
        faults=_by_row(faults, rule, rows) if rows and is_asked else {},
        problems=[fault.detail for fault in faults],
        found=found,
        sentence=None if faults else in_words(rule, surveys),
        theirs=in_words(stored["targeting"]["audience"], surveys) if status == 412 else None,
        text=text if text is not None else _pretty(rule),
        subjects=SUBJECT_WORDS,
        operators=OPERATORS,
        allowed=ALLOWED,
        bands=BANDS,
        features=features,
        surveys={id_: name for id_, name in surveys.items() if id_ != survey_id},
        traits=sorted({*(known.people or ()), *(known.accounts or ())}),
        is_tried=request.method == "POST" and is_asked,
    )


def _of_whom(stored: dict[str, Any], *, is_new: bool) -> dict[str, Any]:
    """Return what the form was made from: a button that redraws it does not hide what changed."""
    now = {"revision": stored["revision"], "begun": as_json(stored["targeting"]["audience"])}
    return now if is_new else {name: request.form.get(name, now[name]) for name in now}


def _count(session: Session, survey_id: str, rule: Any) -> dict[str, Any]:
    """Return how many of the people seen lately the rule holds for, and would be asked now.

    Some are judged first; ten thousand when too few of those meet the rule to tell.
    """
    parts = zeroten()
    project = parts.published.project(signed_in.project_id())
    changes = {"targeting": {"audience": rule}}
    for most in (FIRST_JUDGED, reach.AT_MOST):
        told = reach.reach(
            session, parts.published, project, survey_id, changes, utc_now(), at_most=most
        )
        inside = told["people"] - sum(
            row["people"] for row in told["removed_by"] if row["gate"] == "audience_matches"
        )
        if inside * told["looked_at"] >= ENOUGH * told["people"]:
            break
    return {name: told[name] for name in ("people", "now", "looked_at")} | {"inside": inside}


def _by_row(faults: Iterable[FieldError], rule: Any, rows: Groups) -> dict[str, str]:
    """Return faults by the row they belong to: `g0r1`."""
    places = dict(zip(audience_form.places(rule), audience_form.names(rows), strict=True))
    found: dict[str, str] = {}
    for pointer, detail in faults:
        at = pointer.removeprefix(POINTER)
        row = next((name for place, name in places.items() if f"{at}/".startswith(f"{place}/")), "")
        detail = _named(detail)
        found[row] = f"{found[row]} {detail}" if row in found else detail
    return found


def _named(detail: str) -> str:
    """Return a fault with its operator as rows call it: "“is at least” takes a number."."""
    first, _, rest = detail.partition(" takes ")
    name = OPERATORS.get(first.lower())
    return f"“{name}” takes {rest}" if name and rest else detail


def _features(session: Session, project_id: str) -> list[str]:
    query = select(Name.name).where(Name.project_id == project_id, Name.kind == "feature")
    return sorted(session.scalars(query.limit(_NAMES)))


def _pretty(rule: Any) -> str:
    return "" if rule is None else msgspec.json.format(msgspec.json.encode(rule)).decode()
