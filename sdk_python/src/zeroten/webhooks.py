"""Checking that a webhook came from Zeroten and is fresh.

Source: Standard Webhooks 1.0.0, symmetric signatures (`v1`).
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import Any

TOLERANCE_S = 300


class WebhookError(Exception):
    """The request is not a webhook of ours, or too old, too new, or altered."""


def verify_webhook(
    body: bytes | str,
    headers: Mapping[str, str],
    secrets: str | Iterable[str],
    *,
    tolerance_s: float = TOLERANCE_S,
    now: float | None = None,
) -> dict[str, Any]:
    """Return the webhook's content, once it is known to be genuine.

    Args:
        body: the request's body exactly as received, before any parsing.
        headers: the request's headers; names in any case.
        secrets: the endpoint's `whsec_…`, or several while one replaces another.
        tolerance_s: how far the sender's clock may be off, either way.
        now: seconds since 1970; default the clock.
    Raises:
        WebhookError: a header is missing, the time is out of bounds, no signature fits, or the
            body is no JSON object. Answer 400 and do nothing.
    """
    raw = body.encode() if isinstance(body, str) else bytes(body)
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (
        given.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
    )
    if not message_id or not timestamp or not signatures:
        raise WebhookError("webhook-id, webhook-timestamp or webhook-signature is missing")
    _check_time(timestamp, time.time() if now is None else now, tolerance_s)
    all_secrets = [secrets] if isinstance(secrets, str) else list(secrets)
    expected = [sign_webhook(raw, message_id, timestamp, secret) for secret in all_secrets]
    if not _any_fits(signatures.split(" "), expected):
        raise WebhookError("no signature fits")
    return _content(raw)


def sign_webhook(body: bytes, message_id: str, timestamp: str, secret: str) -> str:
    """Return the `webhook-signature` of a body, as for a test of a host's own endpoint.

    Raises ValueError when `secret` is not `whsec_` and base64.
    """
    prefix, _, encoded = secret.rpartition("whsec_")
    try:
        key = b64decode(encoded, validate=True)
    except binascii.Error:
        key = b""
    if prefix or not key:
        raise ValueError("a webhook secret is whsec_ followed by base64")
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")


def _check_time(timestamp: str, now: float, tolerance_s: float) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise WebhookError("webhook-timestamp is no whole number of seconds")
    if abs(now - int(timestamp)) > tolerance_s:
        raise WebhookError("webhook-timestamp is too old or too new")


def _any_fits(signatures: list[str], expected: list[str]) -> bool:
    pairs = [(one.encode(), other.encode()) for one in signatures for other in expected]
    return any(hmac.compare_digest(one, other) for one, other in pairs)  # no early end


def _content(raw: bytes) -> dict[str, Any]:
    try:
        content = json.loads(raw)
    except ValueError:
        raise WebhookError("the body is no JSON") from None
    if not isinstance(content, dict):
        raise WebhookError("the body is no JSON object")
    return content
