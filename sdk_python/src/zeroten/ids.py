"""Ids that hosts give: of users, accounts, anonymous browsers and messages."""

from __future__ import annotations

import hashlib
from typing import Any

from . import limits
from .cleaning import is_identifier


def identifier(value: Any) -> str:
    """Return an id as text; "" when it cannot be one. Never clipped: that could merge two."""
    if value is None or isinstance(value, bool):
        return ""
    text = str(value)
    return text if is_identifier(text) else ""


def own_message_id(given: Any) -> str:
    """Return the host's own key; one that the server would refuse becomes its hash."""
    text = str(given)
    if len(text) <= limits.MAX_MESSAGE_ID_CHARS and is_identifier(text):
        return text
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
