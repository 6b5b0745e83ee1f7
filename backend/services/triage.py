"""Following answers up: who does, how far it is, tags and a note beside the answer itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from backend.domain import roles
from backend.domain.errors import FieldError, InvalidRequestError, NotFoundError
from backend.domain.triage import NEW, packed, unpacked
from backend.domain.values import clean_text
from backend.services import members
from backend.services.clock import utc_now
from backend.storage.models import Response, Triage

NOBODY: Final = "none"
# The tags to choose from are those of so many answers, the latest touched.
_LOOKED_AT: Final = 2_000


def told(response: Response) -> dict[str, Any]:
    """Return what is done about a response, as every plane names it."""
    row = response.triage
    return {
        "status": row.status if row else NEW,
        "assignee_id": row.assignee_id if row else None,
        "tags": unpacked(row.tags) if row else [],
        "note": row.note if row else "",
    }


def check(session: Session, project_id: str, changes: Mapping[str, Any]) -> None:
    """Raise InvalidRequestError when somebody is to follow up who may not read answers."""
    assignee_id = changes.get("assignee_id", (None, None))[1]
    if assignee_id is None:
        return
    try:
        member = members.find(session, project_id, assignee_id)
    except NotFoundError:
        member = {"role": roles.VIEWER}
    if not roles.includes(member["role"], roles.ANALYST):
        fault = FieldError("#/assignee_id", "Must be an analyst of the project or above.")
        raise InvalidRequestError(errors=[fault])


def keep(response: Response, wanted: Mapping[str, Any]) -> None:
    """Put `wanted`, whose tags are `tags_of` some, beside the response."""
    row = response.triage
    if row is None:
        row = response.triage = Triage(revision=0)
    row.status, row.assignee_id = wanted["status"], wanted["assignee_id"]
    row.tags, row.note = packed(wanted["tags"]), clean_text(wanted["note"])
    row.revision += 1
    row.updated_at = utc_now()


def loggable(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes without the words of a note: the audit log outlives an erased person."""
    kept = dict(changes)
    if "note" in kept:
        kept["note"] = [f"{len(text)} characters" for text in kept["note"]]
    return kept


def conditions(
    status: str | None, assignee_id: str | None, tag: str | None
) -> Iterator[ColumnElement[bool]]:
    """Yield what responses of that status, assignee and tag meet; None asks for all."""
    if status == NEW:
        yield ~Response.triage.has(Triage.status != NEW)
    elif status is not None:
        yield Response.triage.has(Triage.status == status)
    if assignee_id == NOBODY:
        yield ~Response.triage.has(Triage.assignee_id.is_not(None))
    elif assignee_id is not None:
        yield Response.triage.has(Triage.assignee_id == assignee_id)
    if tag is not None:
        yield Response.triage.has(Triage.tags.contains(packed([tag]), autoescape=True))


def tags(session: Session, project_id: str) -> list[str]:
    """Return the project's tags in the order of the alphabet."""
    query = (
        select(Triage.tags)
        # From what was tagged to its answer: the other way round every answer is looked at.
        .where(Triage.tags != "", _is_of(project_id))
        .order_by(Triage.updated_at.desc())
        .limit(_LOOKED_AT)
    )
    return sorted({tag for text in session.scalars(query) for tag in unpacked(text)})


def _is_of(project_id: str) -> ColumnElement[bool]:
    return exists().where(Response.id == Triage.response_id, Response.project_id == project_id)


def assignees(session: Session, project_id: str) -> dict[str, str]:
    """Return the members who may follow answers up: id and name, by name."""
    found = (
        (member["name"] or member["email"], member["id"])
        for member in members.listed(session, project_id)
        if roles.includes(member["role"], roles.ANALYST)
    )
    return {member_id: name for name, member_id in sorted(found)}
