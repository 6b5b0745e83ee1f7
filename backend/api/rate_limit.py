"""Buckets that keep one sender from crowding out the rest (security model, section 6).

Decided before the database is touched. Addresses and ids are kept as keyed hashes under a salt
that lives in memory and changes daily, so no address is stored anywhere (`buckets.py`).
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import Final

from flask import Request
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute

from backend.api.buckets import FIXED, MOVING, SLIDING
from backend.api.state import zeroten
from backend.domain.errors import RateLimitedError

PERSON: Final = RateLimitItemPerMinute(30)
ADDRESS: Final = RateLimitItemPerMinute(600)
PROJECT: Final = RateLimitItemPerMinute(6_000)
EVENTS: Final = RateLimitItemPerMinute(6_000)
ADMIN: Final = RateLimitItemPerMinute(600)
LOGIN: Final = RateLimitItemPerMinute(20)
EXPORTS: Final = RateLimitItemPerHour(6)


def daily_salt() -> bytes:
    """Return today's random bytes, which are in memory alone."""
    return zeroten().buckets.salt()


def check_address(request: Request) -> None:
    """Count a request of the widget plane against its address, before its body is read."""
    if not zeroten().config.rate_limits:
        return
    _hit(FIXED, ADDRESS, "address", _network(client_address(request)))


def check_person(project_id: str, person: str) -> None:
    """Count a request against the user (or anonymous id) and the project."""
    if not zeroten().config.rate_limits:
        return
    _hit(FIXED, PERSON, "user", f"{project_id}\x1f{person}")
    _hit(SLIDING, PROJECT, "project", project_id)


def check_events(key: str) -> None:
    """Count a request of the event plane against its key."""
    if not zeroten().config.rate_limits:
        return
    _hit(SLIDING, EVENTS, "key", key)


def check_admin(token_id: str) -> None:
    """Count a request of the admin plane against its token."""
    if not zeroten().config.rate_limits:
        return
    _hit(SLIDING, ADMIN, "token", token_id)


def check_login(request: Request) -> None:
    """Count a login or the use of a one-time link against its address."""
    if zeroten().config.rate_limits:
        _hit(MOVING, LOGIN, "login", _network(client_address(request)))


def check_export(token_id: str) -> None:
    """Count a file with people in it against its token or member."""
    if zeroten().config.rate_limits:
        _hit(MOVING, EXPORTS, "exports", token_id)


def client_address(request: Request) -> str:
    """Return the peer's address, or with n trusted proxies the n-th from the right that they say.

    With none, X-Forwarded-For is ignored: anybody can write it.
    """
    proxies = zeroten().config.trusted_proxies
    forwarded = request.headers.get("X-Forwarded-For", "")
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    if proxies and len(hops) >= proxies:
        return hops[-proxies]
    return request.remote_addr or ""


def _network(address: str) -> str:
    """Return the address, of IPv6 its /64: one household has all of it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def _hit(strategy: str, item: RateLimitItem, bucket: str, who: str) -> None:
    buckets = zeroten().buckets
    key = hashlib.blake2b(who.encode(), key=buckets.salt(), digest_size=12).hexdigest()
    wait_s = buckets.wait_s(strategy, item, bucket, key)
    if wait_s is not None:
        raise RateLimitedError(bucket, item.amount, item.get_expiry(), wait_s)
