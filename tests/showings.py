"""Showings of a survey and their answers, as they lie in the tables afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from backend.storage.models import Decision, Response


def add_showings(
    session: Session,
    project_id: str,
    survey_id: str,
    user_keys: Sequence[int],
    at: datetime,
    *,
    answered: int,
) -> None:
    """Add a showing at `at` for each of the users; the first `answered` of them gave a 9."""
    for number, key in enumerate(user_keys):
        is_answer = number < answered
        session.add(
            Decision(
                id=f"dec_{number}",
                project_id=project_id,
                user_key=key,
                at=at,
                is_shown=True,
                survey_id=survey_id,
                version=1,
                is_manual=False,
                page="/",
                evaluations=[],
            )
        )
        session.flush()
        session.add(
            Response(
                id=f"rsp_{number}",
                project_id=project_id,
                ticket_hash=number.to_bytes(32, "big"),
                decision_id=f"dec_{number}",
                survey_id=survey_id,
                version=1,
                user_key=key,
                wave=0 if is_answer else None,
                state="completed" if is_answer else "shown",
                revision=1,
                score=9 if is_answer else None,
                answers={},
                page="/",
                traits={},
                is_verified=False,
                is_manual=False,
                is_test=False,
                invited_at=at,
                created_at=at,
                answered_at=at if is_answer else None,
                updated_at=at,
            )
        )
