"""The question of a person who asks for privacy: what is left of it names nobody."""

from __future__ import annotations

import hmac
from dataclasses import replace

from backend.services.visitors import Question

PREFIX = "private-"


def nameless(question: Question, project_id: str, salt: bytes) -> Question:
    """Return the question without user, account and traits (Global Privacy Control, DNT).

    The id is one of today only: a hash under a salt that lives in memory and changes daily, so
    that a person is not asked on every page, and cannot be told from others tomorrow.
    """
    who = question.user_id or question.anonymous_id or question.identity_token or ""
    hashed = hmac.digest(salt, f"{project_id}\x1f{who}".encode(), "sha256").hex()[:24]
    return replace(
        question,
        user_id=None,
        identity_token=None,
        anonymous_id=PREFIX + hashed,
        account_id=None,
        traits={},
        account_traits={},
        first_seen_at=None,
    )
