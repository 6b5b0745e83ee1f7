"""New ids and keys, from the system's randomness."""

from __future__ import annotations

import secrets

from backend.domain import keys

_DIGITS = 20


def new_id(prefix: str) -> str:
    """Return `prefix` and 20 base62 digits: enough never to meet another."""
    value = int.from_bytes(secrets.token_bytes(18))
    digits = []
    for _ in range(_DIGITS):
        value, digit = divmod(value, 62)
        digits.append(keys.ALPHABET[digit])
    return prefix + "".join(digits)


def new_token(prefix: str) -> str:
    """Return a new key or token of the kind `prefix` names."""
    return keys.token(prefix, secrets.token_bytes(40))
