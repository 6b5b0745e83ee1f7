"""Unsigned claims to be a user, in a project whose servers sign who their users are.

Whoever only says that they are `user-42` is kept as an anonymous person of their own, so that
nothing they do touches what is known of the user.
"""

from __future__ import annotations

import hashlib
from typing import Final

from backend.domain import limits

PREFIX: Final = "claimed:"


def row_id(user_id: str) -> str:
    """Return the id that a claim to be `user_id` is kept under; a very long one as its hash."""
    text = PREFIX + user_id
    if len(text) <= limits.ID_LENGTH:
        return text
    return PREFIX + hashlib.sha256(user_id.encode()).hexdigest()


def is_claim(user_id: str, is_anonymous: bool) -> bool:
    """Say whether a person's row is that of a claim."""
    return is_anonymous and user_id.startswith(PREFIX)


def claimed(row: str) -> str:
    """Return the user whom the claim under the id `row` is about."""
    return row.removeprefix(PREFIX)
