"""Writes the demo's decisions, tickets and responses, in bulk, as the real paths leave them."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from backend.domain import tickets
from backend.domain.calendar import day_number
from backend.domain.events import FEATURE, PAGE
from backend.services.demo.past import Asked, Outcome
from backend.services.demo.use import NAMES
from backend.services.ids import new_id
from backend.services.profiles import pack
from backend.storage.models import Decision, Response, Survey, SurveyDay, Ticket

_ROWS_AT_ONCE: Final = 20_000


def answers(
    session: Session,
    survey: Survey,
    asked: Sequence[Asked],
    user_keys: Sequence[int],
    account_of: Sequence[int],
    name_ids: Sequence[int],
) -> None:
    """Add decisions, tickets, responses and the counts of each day."""
    connection = session.connection()
    decisions, given, responses = [], [], []
    for one in asked:
        key, account_key = user_keys[one.user], account_of[one.user]
        decision = _decision(survey, one, key)
        decisions.append(decision)
        if one.outcome is None:
            continue
        ticket = _ticket(survey, one, decision["id"], key, account_key)
        given.append(ticket)
        if one.outcome.shown_at is not None:
            responses.append(_response(ticket, one, one.outcome, name_ids))
    for model, rows in ((Decision, decisions), (Ticket, given), (Response, responses)):
        for part in _parts(rows):
            connection.execute(insert(model), part)
    days = Counter(day_number(one.at.date()) for one in asked if one.outcome)
    if days:
        connection.execute(
            insert(SurveyDay),
            [{"survey_id": survey.id, "day": day, "asked": n} for day, n in days.items()],
        )


def _decision(survey: Survey, one: Asked, user_key: int) -> dict[str, Any]:
    is_shown = one.outcome is not None
    return {
        "id": new_id("dec_"),
        "project_id": survey.project_id,
        "user_key": user_key,
        "at": one.at,
        "is_shown": is_shown,
        "reason": one.reason,
        "survey_id": survey.id if is_shown else None,
        "version": survey.published_version if is_shown else None,
        "admission_probability": 1.0 if is_shown else None,
        "is_manual": False,
        "page": one.visitor.page_template,
        "evaluations": [one.evaluation],
    }


def _ticket(
    survey: Survey, one: Asked, decision_id: str, user_key: int, account_key: int
) -> dict[str, Any]:
    visitor = one.visitor
    return {
        # Nobody ever held these tickets; their time is over anyway.
        "token_hash": secrets.token_bytes(32),
        "project_id": survey.project_id,
        "decision_id": decision_id,
        "survey_id": survey.id,
        "version": survey.published_version,
        "user_key": user_key,
        "account_key": account_key,
        "wave": one.wave,
        "context": {
            "role": visitor.traits["role"],
            "plan": visitor.traits["plan"],
            "page": visitor.page_template,
            "language": visitor.language,
            "app_version": visitor.app_version,
            "device": visitor.device,
            "traits": dict(visitor.traits),
            "is_verified": True,
            "is_manual": False,
        },
        "admission_probability": 1.0,
        "issued_at": one.at,
        "expires_at": one.at + tickets.UNSHOWN_FOR,
    }


def _response(
    ticket: Mapping[str, Any], one: Asked, outcome: Outcome, name_ids: Sequence[int]
) -> dict[str, Any]:
    answered = outcome.score is not None
    used = {kind: [] for kind in (FEATURE, PAGE)}  # type: dict[str, list[int]]
    for place in one.profile.names:
        used[NAMES[place][0]].append(name_ids[place])
    ended_at = outcome.ended_at
    updated_at = ended_at + timedelta(seconds=20) if outcome.comment else ended_at
    return {
        "id": new_id("rsp_"),
        "ticket_hash": ticket["token_hash"],
        **{name: ticket[name] for name in _FROM_TICKET},
        **ticket["context"],
        "wave": one.wave if answered else None,
        "state": outcome.state,
        "revision": {"shown": 1, "completed": 3}.get(outcome.state, 2),
        "score": outcome.score,
        "comment": outcome.comment,
        "answers": {},
        "is_test": False,
        "invited_at": one.at,
        "created_at": outcome.shown_at,
        "answered_at": ended_at if answered else None,
        "updated_at": updated_at,
        "profiled_at": updated_at,
        "active_days": one.profile.active_days,
        "active_percentile": one.profile.percentile,
        "active_midrank": one.profile.midrank,
        "features": pack(used[FEATURE]),
        "pages": pack(used[PAGE]),
    }


_FROM_TICKET: Final = (
    "project_id",
    "decision_id",
    "survey_id",
    "version",
    "user_key",
    "account_key",
    "admission_probability",
)


def _parts(rows: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]
