"""What may be a password: 12 to 256 characters of any kind, and not one that everybody tries."""

from __future__ import annotations

import unicodedata
from typing import Final

from backend.domain.common_passwords import is_common

LEAST: Final = 12
MOST: Final = 256


def fault_of(password: str, email: str = "") -> str | None:
    """Return what is wrong with a new password, or None.

    Length is counted in characters, nothing is cut off, and no kind of character is asked for
    (OWASP ASVS 5.0, 6.2). Besides common ones, a short piece repeated and the person's own e-mail
    address are refused: both are tried first.
    """
    if not LEAST <= len(password) <= MOST:
        return f"Must have {LEAST} to {MOST} characters."
    lowered = password.casefold()
    if is_common(lowered) or _is_repeated(lowered):
        return "This password is among the most common ones."
    if email and lowered in (email, email.partition("@")[0]):
        return "Must not be the e-mail address."
    return None


def normalised(password: str) -> str:
    """Return the form that is hashed: keyboards write one character in several ways (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def _is_repeated(text: str) -> bool:
    """Say whether the text is a piece of at most 4 characters, again and again."""
    return any(text == (text[:size] * len(text))[: len(text)] for size in range(1, 5))
