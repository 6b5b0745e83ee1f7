"""Who uses the demo product: whoever comes, under a name and role of their choice.

A real product takes these from its session. This one believes the page, since there is nothing
to protect: all of its data is made up.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ROLES = ("admin", "manager", "analyst", "member")
LANGUAGES = ("en", "de", "es", "fr")
PLAN = "team"
ACCOUNT = "demo-visitors"
ACCOUNT_TRAITS = {"name": "Demo Account 00 – Visitors", "plan": PLAN, "is_demo": True}
VERSION = "5.1.0"

_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person at the page."""

    user_id: str
    role: str
    language: str

    @property
    def traits(self) -> dict[str, Any]:
        """What the product tells Zeroten about the person."""
        return {"role": self.role, "plan": PLAN, "language": self.language}


def read(document: Mapping[str, Any]) -> Visitor:
    """Return the visitor a page says it has; what is missing or odd is made up.

    A user without an id is a new one.
    """
    user_id = document.get("user")
    if not isinstance(user_id, str) or not _USER.match(user_id):
        user_id = f"demo-visitor-{secrets.token_hex(4)}"
    return Visitor(
        user_id=user_id,
        role=_one_of(ROLES, document.get("role"), "member"),
        language=_one_of(LANGUAGES, document.get("language"), "en"),
    )


def _one_of(known: tuple[str, ...], value: object, default: str) -> str:
    return value if isinstance(value, str) and value in known else default
