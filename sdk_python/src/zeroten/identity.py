"""Identity tokens: how a host's server tells Zeroten, through the page, who is signed in.

A token is an HS256 JWT; any JWT library can make one. This is the standard library's way, so the
SDK needs none.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from typing import Any

from .cleaning import clean, is_identifier

MAX_TTL_S = 86_400
MAX_TOKEN_BYTES = 4096


def identity_token(
    user_id: Any,
    *,
    secret: str,
    key_id: str,
    project_id: str,
    account: str | None = None,
    role: str | None = None,
    plan: str | None = None,
    traits: dict[str, Any] | None = None,
    ttl_s: int = 3600,
    now: float | None = None,
) -> str:
    """Return a signed token for `zeroten('identify', userId, {token})` in the page.

    Args:
        user_id: the person, 1 to 200 characters, the same id as in `Client.track`.
        secret: the project's identity secret as shown, `ids_…` included.
        key_id: that secret's id (`kid`), so that secrets can be rotated.
        project_id: the project's public id (`aud`).
        account, role, plan, traits: signed facts; they win over what the page says.
        ttl_s: seconds the token is good for, at most a day.
        now: seconds since 1970; default the clock.
    Raises:
        ValueError: a value the server would refuse; the text names it.

    Source: RFC 7519 and RFC 7515, appendix A.1.
    """
    subject = str(user_id)
    if not is_identifier(subject):
        raise ValueError("user_id must have 1 to 200 characters and no control characters")
    if not secret or not key_id or not project_id:
        raise ValueError("secret, key_id and project_id must all be given")
    if not 1 <= ttl_s <= MAX_TTL_S:
        raise ValueError(f"ttl_s must lie between 1 and {MAX_TTL_S}")
    issued_at = int(time.time() if now is None else now)
    claims = {"sub": subject, "aud": project_id, "iat": issued_at, "exp": issued_at + int(ttl_s)}
    facts = {"account": account, "role": role, "plan": plan}
    claims.update({name: value for name, value in facts.items() if value is not None})
    if traits:
        claims["traits"] = clean(traits)[0]
    token = _signed({"alg": "HS256", "kid": key_id, "typ": "JWT"}, claims, secret)
    if len(token) > MAX_TOKEN_BYTES:
        raise ValueError(f"the token is over {MAX_TOKEN_BYTES} bytes; sign fewer traits")
    return token


def _signed(header: dict[str, Any], claims: dict[str, Any], secret: str) -> str:
    signed = f"{_segment(_json(header))}.{_segment(_json(claims))}"
    mac = hmac.new(secret.encode(), signed.encode("ascii"), hashlib.sha256)
    return f"{signed}.{_segment(mac.digest())}"


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _segment(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
