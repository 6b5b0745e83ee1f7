"""Whether key and host can be right, in words that say what to do."""

from __future__ import annotations

from .transport import HttpTransport


def problem_of(secret_key: str, host: str) -> str:
    """Return what is wrong with key or host, and what to do; "" when nothing is."""
    if not secret_key:
        return "no secret key: pass it or set ZEROTEN_SECRET_KEY"
    if secret_key.startswith("pk_"):
        return "that is the publishable key (pk_…); servers need the secret key (sk_…)"
    if not (secret_key.isascii() and secret_key.isprintable()) or " " in secret_key:
        return "the secret key has characters that no key has; copy it again"
    if not host:
        return "no host: pass it or set ZEROTEN_HOST"
    try:
        HttpTransport(host, secret_key, timeout_s=1.0)
    except ValueError as error:
        return str(error)
    return ""
