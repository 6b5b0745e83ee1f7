"""The shapes of keys and how a presented one is recognised (security model, section 2).

Random bytes are handed in, so this module stays pure.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

PUBLISHABLE: Final = "pk_"
SECRET: Final = "sk_"  # noqa: S105 - a prefix, not a secret
ADMIN_TOKEN: Final = "at_"  # noqa: S105
TICKET: Final = "tk_"

LENGTHS: Final = {PUBLISHABLE: 22, SECRET: 43, ADMIN_TOKEN: 43, TICKET: 22}

_SHAPE: Final = {
    prefix: re.compile(rf"{prefix}[0-9A-Za-z]{{{length}}}\Z") for prefix, length in LENGTHS.items()
}


def token(prefix: str, random: bytes) -> str:
    """Return `prefix` and as many base62 digits as its kind has, drawn from `random`.

    Args:
        random: at least 32 random bytes; taken as one whole number, so digits are even to 2^-60.
    """
    value = int.from_bytes(random)
    digits = []
    for _ in range(LENGTHS[prefix]):
        value, digit = divmod(value, 62)
        digits.append(ALPHABET[digit])
    return prefix + "".join(digits)


def is_shaped_like(prefix: str, presented: str) -> bool:
    """Say whether `presented` has the form of a key of this kind."""
    return _SHAPE[prefix].match(presented) is not None


def kind_of(presented: str) -> str | None:
    """Return the prefix of the kind of credential `presented` looks like, or None."""
    return next((prefix for prefix in LENGTHS if presented.startswith(prefix)), None)


def digest(presented: str) -> bytes:
    """Return the SHA-256 that is stored in place of a secret.

    High entropy needs no slow hash (OWASP ASVS 5.0, 6.5.2).
    """
    return hashlib.sha256(presented.encode()).digest()


def hint(secret: str) -> tuple[str, str]:
    """Return the first 8 and last 4 characters, by which people tell keys apart."""
    return secret[:8], secret[-4:]
