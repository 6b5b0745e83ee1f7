"""Headers that answers have whatever they say."""

from __future__ import annotations

import secrets
from typing import Final

ALWAYS: Final = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"))
NOT_KEPT: Final = "no-store"
# Of an installation that browsers reach by https.
ONLY_TLS: Final = ("Strict-Transport-Security", "max-age=31536000")
# Of what pages of other origins read.
OPEN_TO_PAGES: Final = (
    ("Access-Control-Allow-Origin", "*"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
)


def new_request_id() -> str:
    """Return what an answer is called in `X-Request-Id`, in a problem's `instance` and in logs."""
    return "req_" + secrets.token_hex(10)
