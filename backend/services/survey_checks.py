"""What must hold of a survey before it is saved, and what is worth a warning when it goes out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain import audience
from backend.domain.errors import FieldError, InvalidRequestError
from backend.domain.flow import check_content
from backend.domain.flow.answers import escape_pointer
from backend.services import segments, survey_warnings
from backend.storage.models import Account, Project, Response, Survey, User

# Names of traits are gathered from so many of the latest people, accounts and answers.
_LOOKED_AT: Final = 2_000
# Pages send these by themselves, so a rule may name them before anybody has been seen.
_USUAL_TRAITS: Final = ("role", "plan")
_CONTENT_MEMBERS: Final = ("default_language", "questions", "texts", "theme", "later")
_CONTENT_DEPTH: Final = 12


class KnownTraits:
    """The traits that rules may name: those of the project's people; all while it has none."""

    def __init__(self, session: Session, project_id: str) -> None:
        def latest(model: Any, order: Any) -> set[str]:
            query = select(model.traits).where(model.project_id == project_id)
            rows = session.scalars(query.order_by(order).limit(_LOOKED_AT))
            return {name for traits in rows for name in traits}

        users = _of_newest(session, project_id) or latest(User, User.key.desc())
        people = users | latest(Response, Response.answered_at.desc())
        accounts = latest(Account, Account.key.desc())
        self.people: Collection[str] | None = people | {*_USUAL_TRAITS} if people else None
        self.accounts: Collection[str] | None = accounts or None


def _of_newest(session: Session, project_id: str) -> set[str] | None:
    """Return the traits of the project's latest people, None when too few are among the newest.

    Most often they are, and then nobody sorts all people of the project.
    """
    newest = select(User.project_id, User.traits).order_by(User.key.desc()).limit(5 * _LOOKED_AT)
    some = newest.subquery()
    query = select(some.c.traits).where(some.c.project_id == project_id).limit(_LOOKED_AT)
    found = session.scalars(query).all()
    return {name for traits in found for name in traits} if len(found) == _LOOKED_AT else None


def checked(
    session: Session,
    project_id: str,
    given: Mapping[str, Any],
    sampling_at: str,
    stored: Mapping[str, Any],
) -> dict[str, Any]:
    """Return members of a survey ready to be stored.

    Args:
        sampling_at: pointer to the members of `sampling`, for faults.
        stored: `starts_at` and `ends_at` as they are, for what `given` leaves out.
    Raises:
        InvalidRequestError: naming every fault at once.
    """
    faults: list[FieldError] = []
    given = _with_segments(session, project_id, given, sampling_at)
    if "content" in given:
        faults += content_faults(given["content"], "#/content")
    targeting, sampling = given.get("targeting", {}), given.get("sampling", {})
    if "audience" in targeting or "segments" in sampling:
        known = KnownTraits(session, project_id)
        faults += audience_faults(targeting.get("audience"), "#/targeting/audience", known)
        faults += segment_faults(sampling.get("segments", ()), f"{sampling_at}/segments", known)
    ends_at = given.get("ends_at", stored.get("ends_at"))
    starts_at = given.get("starts_at", stored.get("starts_at"))
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        faults.append(FieldError("#/ends_at", "Must be later than starts_at."))
    if faults:
        raise InvalidRequestError(errors=faults)
    if "content" not in given:
        return dict(given)
    return {**given, "content": cleaned(given["content"])}


def _with_segments(
    session: Session, project_id: str, given: Mapping[str, Any], sampling_at: str
) -> dict[str, Any]:
    """Return members with the rules of saved segments in the place of their names."""
    changed = dict(given)
    if "audience" in given.get("targeting", {}):
        rule = given["targeting"]["audience"]
        found = segments.resolved(session, project_id, rule, "#/targeting/audience")
        changed["targeting"] = {**given["targeting"], "audience": found}
    if "segments" in given.get("sampling", {}):
        rates = [
            {
                **one,
                "when": segments.resolved(
                    session, project_id, one["when"], f"{sampling_at}/segments/{i}/when"
                ),
            }
            for i, one in enumerate(given["sampling"]["segments"])
        ]
        changed["sampling"] = {**given["sampling"], "segments": rates}
    return changed


def content_faults(content: Any, at: str) -> list[FieldError]:
    """Return what is wrong with a survey's content; pointers begin with `at`."""
    if _is_deeper(content, _CONTENT_DEPTH):
        return [FieldError(at, f"At most {_CONTENT_DEPTH} levels.")]
    unknown = [
        FieldError(f"{at}/{escape_pointer(str(name))}", "There is no such member.")
        for name in (content if isinstance(content, Mapping) else ())
        if name not in _CONTENT_MEMBERS
    ]
    return unknown + [
        FieldError(at + pointer.removeprefix("#"), detail)
        for pointer, detail in check_content(content)
    ]


def audience_faults(rule: Any, at: str, known: KnownTraits) -> list[FieldError]:
    """Return what is wrong with an audience rule; pointers begin with `at`."""
    return [
        FieldError(at + pointer, _sentence(detail))
        for pointer, detail in audience.check(rule, known.people, known.accounts)
    ]


def segment_faults(rates: Any, at: str, known: KnownTraits) -> list[FieldError]:
    """Return what is wrong with the rules of sampling segments."""
    return [
        fault
        for index, segment in enumerate(rates)
        for fault in audience_faults(segment["when"], f"{at}/{index}/when", known)
    ]


def warnings(session: Session, survey: Survey, now: datetime) -> list[str]:
    """Return why a survey that goes out now would ask nobody, or fewer than one may think."""
    project = session.get(Project, survey.project_id)
    assert project is not None
    return [*_warnings(project, survey, now), *survey_warnings.warnings(session, survey, now)]


def cleaned(value: Any) -> Any:
    """Return a copy of a JSON document without control characters, tab and newline excepted."""
    if isinstance(value, str):
        return "".join(c for c in value if c in "\t\n" or (c >= " " and c != "\x7f"))
    if isinstance(value, dict):
        return {cleaned(name): cleaned(inner) for name, inner in value.items()}
    return [cleaned(inner) for inner in value] if isinstance(value, list) else value


def _warnings(project: Project, survey: Survey, now: datetime) -> Iterator[str]:
    targeting, sampling = survey.targeting, survey.sampling
    if not project.is_enabled:
        yield "The project is switched off: nobody is asked until it is enabled."
    if not project.allowed_origins and not project.is_demo:
        yield "The project allows no origins yet: add those of your pages to allowed_origins."
    if survey.ends_at is not None and survey.ends_at <= now:
        yield "The survey's end lies in the past."
    if not targeting["triggers"]:
        yield "There is no trigger: the survey opens only when the page opens it by hand."
    if not sampling["rate"] and not any(one["rate"] for one in sampling["segments"]):
        yield "The sampling rate is 0: nobody is in the sample."
    if survey.limits.get("daily_budget") is not None and sampling["spread_days"] == 0:
        yield (
            "A daily budget without spread_days asks those who come first, so busy users "
            "are asked more often than others."
        )
    other = set(targeting["origins"]) - set(project.allowed_origins)
    if targeting["origins"] and not project.is_demo and other:
        yield "Some of the survey's origins are not on the project's list."


def _is_deeper(value: Any, levels: int) -> bool:
    """Say whether a document is nested deeper than `levels`, at no cost of stack."""
    layer = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        layer = [
            inner
            for outer in layer
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return bool(layer)


def _sentence(detail: str) -> str:
    return detail[:1].upper() + detail[1:] + "."
