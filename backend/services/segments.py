"""Saved segments: groups of people under a name, such as a cell of an insight, to ask later.

A survey takes a copy of the rule when it is saved, so that a published survey means tomorrow
what it meant when somebody looked at it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain.audience_language import MAX_LEVELS
from backend.domain.errors import ConflictError, FieldError, InvalidRequestError
from backend.services import audit
from backend.services.clock import utc_now
from backend.services.ids import new_id
from backend.services.scope import one
from backend.storage.models import Segment

OP: Final = "segment"


def add(
    session: Session, project_id: str, *, name: str, audience: Mapping[str, Any], actor: str
) -> Segment:
    """Save a rule, which has been checked, under a name.

    Raises:
        ConflictError: the name is taken.
    """
    query = select(Segment.id).where(Segment.project_id == project_id, Segment.name == name)
    if session.scalar(query) is not None:
        raise ConflictError("There is a segment of this name.")
    segment = Segment(
        id=new_id("seg_"),
        project_id=project_id,
        name=name,
        audience=dict(audience),
        created_at=utc_now(),
    )
    session.add(segment)
    session.flush()
    _note(session, segment, "segment.create", actor)
    return segment


def remove(session: Session, project_id: str, segment_id: str, *, actor: str) -> None:
    """Forget a segment; surveys that took its rule keep it.

    Raises:
        NotFoundError.
    """
    segment = one(session, Segment, project_id, segment_id)
    _note(session, segment, "segment.remove", actor)
    session.delete(segment)


def listed(
    session: Session, project_id: str, *, before: tuple[datetime, str] | None, limit: int
) -> Sequence[Segment]:
    """Return segments, the latest first, those before the place `before`."""
    query = select(Segment).where(Segment.project_id == project_id)
    if before is not None:
        at, segment_id = before
        earlier = (Segment.created_at == at) & (Segment.id < segment_id)
        query = query.where((Segment.created_at < at) | earlier)
    order = (Segment.created_at.desc(), Segment.id.desc())
    return session.scalars(query.order_by(*order).limit(limit)).all()


def view(segment: Segment) -> dict[str, Any]:
    """Return a segment as the admin plane shows it."""
    members = ("id", "name", "audience", "created_at")
    return {name: getattr(segment, name) for name in members}


def resolved(session: Session, project_id: str, rule: Any, at: str) -> Any:
    """Return an audience rule with the segments it names (`{"op": "segment", "id": …}`) put in.

    What is no rule, or too deep for one, stays for the check to find.

    Raises:
        InvalidRequestError: there is no such segment.
    """

    def put_in(node: Any, place: str, level: int) -> Any:
        if not isinstance(node, dict) or level > MAX_LEVELS:
            return node
        if node.get("op") == OP:
            return _rule(session, project_id, node, place)
        changed = dict(node)
        if isinstance(node.get("rules"), list):
            changed["rules"] = [
                put_in(child, f"{place}/rules/{i}", level + 1)
                for i, child in enumerate(node["rules"])
            ]
        if "rule" in node:
            changed["rule"] = put_in(node["rule"], f"{place}/rule", level + 1)
        return changed

    return put_in(rule, at, 1)


def _rule(session: Session, project_id: str, node: Mapping[str, Any], place: str) -> Any:
    id_ = node.get("id")
    segment = session.get(Segment, id_) if isinstance(id_, str) else None
    if segment is None or segment.project_id != project_id:
        fault = FieldError(f"{place}/id", "There is no such segment.")
        raise InvalidRequestError(errors=[fault])
    return segment.audience


def _note(session: Session, segment: Segment, action: str, actor: str) -> None:
    audit.record(
        session, actor=actor, action=action, subject=segment.id, project_id=segment.project_id
    )
