"""Identity tokens from the cases of `tests/vectors/identity.json`, also ones no library makes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "identity.json").read_text()
)
_HASHES = {"HS256": hashlib.sha256, "HS512": hashlib.sha512, "RS256": hashlib.sha256}


def make_token(
    secret: str, kid: str, project_id: str, now_s: int, case: Mapping[str, Any] | None = None
) -> str:
    """Return a token that is good but for what `case` changes in it.

    `header` and `claims` of a case replace members: null leaves one out, and `{"in_s": n}` is `n`
    seconds after now.
    """
    case = case or {}
    header = _changed({"alg": "HS256", "kid": kid, "typ": "JWT"}, case.get("header", {}), now_s)
    claims = {"sub": "user-42", "aud": project_id, "iat": now_s, "exp": now_s + 3600}
    claims = _changed(claims, case.get("claims", {}), now_s)
    signed = f"{_encoded(header)}.{_encoded(claims)}"
    key = case.get("secret", secret)
    token = f"{signed}.{_signature(signed, key, case.get('signed', header.get('alg', 'HS256')))}"
    if "swap_claims" in case:
        parts = token.split(".")
        token = f"{parts[0]}.{_encoded(claims | case['swap_claims'])}.{parts[2]}"
    return case.get("token", token)


def _changed(members: dict[str, Any], changes: Mapping[str, Any], now_s: int) -> dict[str, Any]:
    for name, value in changes.items():
        if isinstance(value, dict) and "in_s" in value:
            value = now_s + value["in_s"]
        elif isinstance(value, dict) and "repeat" in value:
            value = value["repeat"] * value["times"]
        members[name] = value
    return {name: value for name, value in members.items() if value is not None}


def _signature(signed: str, key: str, algorithm: str) -> str:
    if algorithm == "none":
        return ""
    return _base64(hmac.digest(key.encode(), signed.encode(), _HASHES[algorithm]().name))


def _encoded(members: Mapping[str, Any]) -> str:
    return _base64(json.dumps(members, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
