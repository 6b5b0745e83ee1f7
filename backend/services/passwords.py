"""Passwords as argon2id hashes."""

from __future__ import annotations

import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from backend.domain.passwords import MOST, normalised

_HASHER: Final = PasswordHasher()
# A hash takes 64 MiB on purpose: many at once must not take the machine's memory.
_AT_ONCE: Final = threading.BoundedSemaphore(2)
# Verified in place of a hash that is not there, so that an unknown address takes as long.
_NOBODY: Final = _HASHER.hash("nobody has this password")


def hashed(password: str) -> str:
    """Return what is stored in place of a password."""
    with _AT_ONCE:
        return _HASHER.hash(normalised(password))


def is_right(stored: str | None, password: str) -> bool:
    """Say whether `password` is the one behind `stored`; None takes as long and is never right."""
    with _AT_ONCE:
        try:
            matches = _HASHER.verify(stored or _NOBODY, normalised(password[: MOST + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return matches and stored is not None and len(password) <= MOST
