"""The four roles, lowest first; each may do all that those before it may."""

from __future__ import annotations

from typing import Final

VIEWER: Final = "viewer"
ANALYST: Final = "analyst"
ADMIN: Final = "admin"
OWNER: Final = "owner"
ROLES: Final = (VIEWER, ANALYST, ADMIN, OWNER)


def includes(role: str, needed: str) -> bool:
    """Say whether `role` may do what needs the role `needed`."""
    return ROLES.index(role) >= ROLES.index(needed)


def lower(one: str, other: str) -> str:
    """Return the lower of two roles."""
    return min(one, other, key=ROLES.index)


def higher(*roles: str | None) -> str | None:
    """Return the highest of some roles; None stands for no access."""
    return max((role for role in roles if role is not None), key=ROLES.index, default=None)
