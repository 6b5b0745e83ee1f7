"""One response as the admin plane shows it: with its band, its context and its usage by name."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.domain import flow
from backend.services import triage
from backend.services.responses import Found
from backend.storage.models import CatalogueEntry, Name, Response, SurveyVersion

# PostgreSQL and SQLite both take that many values in one IN.
_NAMES_AT_ONCE: Final = 500
# In place of what tells people and groups apart; notes and tags may name anybody.
_NOBODY: Final[dict[str, Any]] = {
    **dict.fromkeys(
        (
            "user_id",
            "account_id",
            "role",
            "plan",
            "page",
            "language",
            "app_version",
            "device",
            "admission_probability",
            "usage",
        )
    ),
    "traits": {},
    "tags": [],
    "note": "",
}


def views(
    session: Session, project_id: str, rows: Iterable[Found], *, names_people: bool
) -> list[dict[str, Any]]:
    """Return responses as the admin plane shows them.

    Args:
        names_people: False leaves out whatever says whose answer it is, or narrows it down to a
            group that could be small: what viewers see.
    """
    rows = list(rows)
    contents = _contents(session, {(row[0].survey_id, row[0].version) for row in rows})
    names = _names(session, project_id, rows)
    shown = [_view(row, contents, names) for row in rows]
    return shown if names_people else [view | _NOBODY for view in shown]


def _contents(
    session: Session, wanted: set[tuple[str, int]]
) -> dict[tuple[str, int], Mapping[str, Any]]:
    ids = {survey_id for survey_id, _ in wanted}
    query = select(SurveyVersion.survey_id, SurveyVersion.number, SurveyVersion.content)
    rows = session.execute(query.where(SurveyVersion.survey_id.in_(ids))) if ids else ()
    return {(survey_id, number): content for survey_id, number, content in rows}


def _names(session: Session, project_id: str, rows: Sequence[Found]) -> dict[int, str]:
    ids = sorted(
        {i for row in rows for packed in (row[0].features, row[0].pages) for i in _ids(packed)}
    )
    names: dict[int, str] = {}
    for start in range(0, len(ids), _NAMES_AT_ONCE):
        some = ids[start : start + _NAMES_AT_ONCE]
        query = (
            select(Name.id, func.coalesce(CatalogueEntry.label, Name.name).label("name"))
            .outerjoin(CatalogueEntry, CatalogueEntry.name_id == Name.id)
            .where(Name.project_id == project_id, Name.id.in_(some))
        )
        names.update((row.id, row.name) for row in session.execute(query))
    return names


def _ids(packed: bytes | None) -> tuple[int, ...]:
    """Return name ids from their packed form: unsigned 32-bit numbers, little-endian."""
    return struct.unpack(f"<{len(packed) // 4}I", packed) if packed else ()


def _view(
    row: Found,
    contents: Mapping[tuple[str, int], Mapping[str, Any]],
    names: Mapping[int, str],
) -> dict[str, Any]:
    response, user_id, is_anonymous, account_id = row
    metric = flow.metric(contents[response.survey_id, response.version])
    return {
        "id": response.id,
        "survey_id": response.survey_id,
        "survey_version": response.version,
        "user_id": user_id,
        "account_id": account_id,
        "anonymous": is_anonymous,
        "verified": response.is_verified,
        "manual": response.is_manual,
        "is_test": response.is_test,
        "state": response.state,
        "score": response.score,
        "category": flow.band(metric, response.score) if metric else None,
        "comment": response.comment,
        "answers": response.answers,
        "role": response.role,
        "plan": response.plan,
        "page": response.page,
        "language": response.language,
        "app_version": response.app_version,
        "device": response.device,
        "traits": response.traits,
        "admission_probability": response.admission_probability,
        "invited_at": response.invited_at,
        "answered_at": response.answered_at,
        "updated_at": response.updated_at,
        "usage": _usage(response, names),
        **triage.told(response),
    }


def _usage(response: Response, names: Mapping[int, str]) -> dict[str, Any] | None:
    """Return what the user did before the invitation, None until that has been computed."""
    if response.active_days is None:
        return None
    return {
        "active_days": response.active_days,
        "percentile": response.active_percentile,
        "features": [names[i] for i in _ids(response.features) if i in names],
        "pages": [names[i] for i in _ids(response.pages) if i in names],
    }
