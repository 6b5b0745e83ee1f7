"""New ids and keys, from the system's randomness."""

from __future__ import annotations

import secrets
import time
from typing import Final

from backend.domain import keys

_TIME_DIGITS: Final = 8
_RANDOM_DIGITS: Final = 12


def new_id(prefix: str) -> str:
    """Return `prefix` and 20 base62 digits, in the order of their making to the millisecond.

    Time comes first so that new rows lie side by side in the index: random keys would dirty
    a page of their own each. The last 12 digits are random.
    """
    when = keys.base62(time.time_ns() // 1_000_000, _TIME_DIGITS)
    return prefix + when + keys.base62(int.from_bytes(secrets.token_bytes(10)), _RANDOM_DIGITS)


def new_token(prefix: str) -> str:
    """Return a new key or token of the kind `prefix` names."""
    return keys.token(prefix, secrets.token_bytes(40))
