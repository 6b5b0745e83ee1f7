"""What the address of a page asks: a window, a survey, segments; kept from page to page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from flask import g, request, url_for
from sqlalchemy.orm import Session

from backend.api.admin.insights_common import Kept, kept
from backend.domain.errors import FieldError, InvalidRequestError
from backend.services import surveys
from backend.services.clock import utc_now
from backend.services.insights.question import Question
from backend.services.insights.view import CATEGORIES, look
from backend.web import signed_in

WINDOWS: Final = {"30": "30 days", "90": "90 days", "180": "180 days", "360": "360 days"}
DEFAULT_WINDOW: Final = "90"
# What one can choose from a list; features, pages and traits come by following a link.
LISTED: Final = {
    "role": "Role",
    "plan": "Plan",
    "language": "Language",
    "version": "App version",
    "device": "Device",
}
SEGMENTS: Final = {
    **LISTED,
    "page": "Page",
    "survey_version": "Survey version",
    "feature": "Uses",
    "visited": "Visits",
    "category": "Category",
    "account_id": "Account",
    "trait": "Trait",
}
STATE: Final = ("project_id", "window", "from", "to", "survey_id", "segment")
_MOST_CHOICES: Final = 40


@dataclass(frozen=True, slots=True)
class Chip:
    """A segment as it is shown, and the address of the page without it."""

    name: str
    label: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The question of a page. `window` is None when the address names two dates."""

    question: Question
    window: str | None
    survey_id: str | None
    segments: tuple[tuple[str, str], ...]

    @property
    def chips(self) -> list[Chip]:
        """The segments, each with a way to leave it out."""
        return [
            Chip(name, SEGMENTS[name], value, here(segment=_without(self.segments, (name, value))))
            for name, value in self.segments
        ]

    @property
    def dates(self) -> tuple[str, str]:
        """The dates the address names, empty where it names none."""
        return request.args.get("from", ""), request.args.get("to", "")


def asked(default: str = DEFAULT_WINDOW) -> Asked:
    """Return what this request's address asks; without a window, `default` days.

    Raises:
        InvalidRequestError: it asks for something there is not.
    """
    window = request.args.get("window") or default
    if window not in WINDOWS:
        raise _fault("window", f"Must be one of {', '.join(WINDOWS)} days.")
    first, last = _date("from"), _date("to")
    since: Any = first
    if first is None and (window, default) != (DEFAULT_WINDOW, DEFAULT_WINDOW):
        since = (last or utc_now()) - timedelta(days=int(window))
    segments = tuple(_segments())
    survey_id = request.args.get("survey_id") or None
    question = Question(
        since=since,
        # The day named is a part of the window.
        until=last and last + timedelta(days=1),
        survey_id=survey_id,
        sees_answers=signed_in.sees_answers(),
        **_conditions(segments),
    )
    return Asked(question, None if first or last else window, survey_id, segments)


def caches() -> Kept:
    """Return what the insights keep between requests: the same as REST's."""
    return kept()


def choices(session: Session, question: Question) -> dict[str, tuple[str, ...]]:
    """Return the values one can narrow to, by dimension, most of them having answers."""
    whole = Question(since=question.since, until=question.until, sees_answers=True)
    view = look(session, caches().windows, signed_in.project_id(), whole)
    found = {name: view.answers.dimension(name).labels[:_MOST_CHOICES] for name in LISTED}
    return {name: tuple(sorted(labels)) for name, labels in found.items() if len(labels) > 1}


def survey_names(session: Session) -> dict[str, str]:
    """Return the names of the project's surveys by id, the first to be made first."""
    found = surveys.listed(session, signed_in.project_id(), status=None, after=None, limit=200)
    return {survey.id: survey.name for survey in found}


def link(endpoint: str, **given: Any) -> str:
    """Return the address of a page, keeping project, window, survey and segment."""
    view_args = {n: given.pop(n) for n in list(given) if n.endswith("_id") and n in _IN_PATH}
    return _address(url_for(endpoint, **view_args), _state() | given)


def here(**changes: Any) -> str:
    """Return the address of this page with other parameters; None leaves one out."""
    current = {name: request.args.getlist(name) for name in request.args}
    return _address(request.path, current | changes)


def here_for(path: str) -> str:
    """Return the address of another path with all parameters of this page."""
    return _address(path, {name: request.args.getlist(name) for name in request.args})


_IN_PATH: Final = ("user_id", "account_id", "decision_id")


def _state() -> dict[str, Any]:
    state: dict[str, Any] = {
        name: request.args.getlist(name) for name in STATE if name in request.args
    }
    if len(g.get("projects", ())) > 1:
        state["project_id"] = signed_in.project_id()
    return state


def _address(path: str, parameters: Mapping[str, Any]) -> str:
    told = {name: value for name, value in parameters.items() if value not in (None, "", [], ())}
    return path + ("?" + urlencode(told, doseq=True) if told else "")


def _segments() -> Iterator[tuple[str, str]]:
    for text in request.args.getlist("segment"):
        name, _, value = text.partition(":")
        if not text:
            continue
        if name not in SEGMENTS or not value:
            raise _fault("segment", "Must be a name and a value, such as role:manager.")
        yield name, value


def _conditions(segments: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    known = {field.name for field in fields(Question)}
    found: dict[str, Any] = {name: value for name, value in segments if name in known}
    if "trait" in found:
        name, _, value = found["trait"].partition(":")
        found["trait"] = (name, value)
    if found.get("category", "passive") not in CATEGORIES:
        raise _fault("segment", "The category is promoter, passive or detractor.")
    return found


def _without(segments: tuple[tuple[str, str], ...], one: tuple[str, str]) -> list[str]:
    return [f"{name}:{value}" for name, value in segments if (name, value) != one]


def _date(name: str) -> date | None:
    text = request.args.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _fault(name, "Must be a date such as 2026-11-22.") from None


def _fault(name: str, text: str) -> InvalidRequestError:
    return InvalidRequestError(errors=[FieldError(f"#/query/{name}", f"{name}: {text}")])
