"""The shapes of keys and how a presented one is recognised (security model, section 2).

Random bytes are handed in, so this module stays pure.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS: Final = [high + low for high in ALPHABET for low in ALPHABET]

PUBLISHABLE: Final = "pk_"
SECRET: Final = "sk_"  # noqa: S105 - a prefix, not a secret
ADMIN_TOKEN: Final = "at_"  # noqa: S105
TICKET: Final = "tk_"

LENGTHS: Final = {PUBLISHABLE: 22, SECRET: 43, ADMIN_TOKEN: 43, TICKET: 22}

_SHAPE: Final = {
    prefix: re.compile(rf"{prefix}[0-9A-Za-z]{{{length}}}\Z") for prefix, length in LENGTHS.items()
}


def base62(value: int, length: int) -> str:
    """Return the lowest `length` digits of `value` in base 62, the highest first."""
    # Two digits at a time: every decision makes an id and a ticket.
    pairs = []
    for _ in range(0, length, 2):
        value, pair = divmod(value, len(_PAIRS))
        pairs.append(_PAIRS[pair])
    return "".join(reversed(pairs))[-length:]


def token(prefix: str, random: bytes) -> str:
    """Return `prefix` and as many base62 digits as its kind has, drawn from `random`.

    Args:
        random: at least 32 random bytes; taken as one whole number, so digits are even to 2^-60.
    """
    return prefix + base62(int.from_bytes(random), LENGTHS[prefix])


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
