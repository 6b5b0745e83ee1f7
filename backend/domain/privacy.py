"""The pure part of privacy: how an erased id is known again, and how long things are kept."""

from __future__ import annotations

import hmac
from typing import Final

ERASE: Final = "erase"
ANONYMISE: Final = "anonymise"
MODES: Final = (ERASE, ANONYMISE)

EVENTS_DAYS: Final = 400
DECISIONS_DAYS: Final = 400
MAX_DAYS: Final = 3_650
# Shown, a ticket takes an answer for 7 days and its revisions for another: then nobody asks.
TICKET_DAYS: Final = 9
_TAG_DIGITS: Final = 16


def id_hmac(key: bytes, project_id: str, user_id: str, is_anonymous: bool) -> bytes:
    """Return what stands for an erased id: without the key nobody can try ids against it."""
    kind = "anonymous" if is_anonymous else "user"
    return hmac.digest(key, "\x1f".join((project_id, kind, user_id)).encode(), "sha256")


def tag(hashed: bytes) -> str:
    """Return a short name for a person in logs, by which nobody knows them."""
    return "user:" + hashed.hex()[:_TAG_DIGITS]
