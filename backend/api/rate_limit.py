"""Buckets that keep one sender from crowding out the rest (security model, section 6).

Decided before the database is touched. Addresses and ids are kept as keyed hashes under a salt
that lives in memory and changes daily, so no address is stored anywhere.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import time
from typing import Final

from flask import Request
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import (
    FixedWindowRateLimiter,
    MovingWindowRateLimiter,
    RateLimiter,
    SlidingWindowCounterRateLimiter,
)

from backend.api.state import zeroten
from backend.domain.errors import RateLimitedError

PERSON: Final = RateLimitItemPerMinute(30)
ADDRESS: Final = RateLimitItemPerMinute(600)
PROJECT: Final = RateLimitItemPerMinute(6_000)
EVENTS: Final = RateLimitItemPerMinute(6_000)
ADMIN: Final = RateLimitItemPerMinute(600)
LOGIN: Final = RateLimitItemPerMinute(20)
EXPORTS: Final = RateLimitItemPerHour(6)

_storage = MemoryStorage()
_fixed = FixedWindowRateLimiter(_storage)
_sliding = SlidingWindowCounterRateLimiter(_storage)
_moving = MovingWindowRateLimiter(_storage)


class _Salt:
    """Random bytes, new every day."""

    def __init__(self) -> None:
        self._day = -1
        self._bytes = b""

    def today(self) -> bytes:
        day = int(time.time()) // 86_400
        if day != self._day:
            self._day, self._bytes = day, secrets.token_bytes(16)
        return self._bytes


_salt = _Salt()


def daily_salt() -> bytes:
    """Return today's random bytes, which live in the memory of this process alone."""
    return _salt.today()


def check_address(request: Request) -> None:
    """Count a request of the widget plane against its address, before its body is read."""
    if not zeroten().config.rate_limits:
        return
    _hit(_fixed, ADDRESS, "address", _network(client_address(request)))


def check_person(project_id: str, person: str) -> None:
    """Count a request against the user (or anonymous id) and the project."""
    if not zeroten().config.rate_limits:
        return
    _hit(_fixed, PERSON, "user", f"{project_id}\x1f{person}")
    _hit(_sliding, PROJECT, "project", project_id)


def check_events(key: str) -> None:
    """Count a request of the event plane against its key."""
    if not zeroten().config.rate_limits:
        return
    _hit(_sliding, EVENTS, "key", key)


def check_admin(token_id: str) -> None:
    """Count a request of the admin plane against its token."""
    if not zeroten().config.rate_limits:
        return
    _hit(_sliding, ADMIN, "token", token_id)


def check_login(request: Request) -> None:
    """Count a login or the use of a one-time link against its address."""
    if zeroten().config.rate_limits:
        _hit(_moving, LOGIN, "login", _network(client_address(request)))


def check_export(token_id: str) -> None:
    """Count a file with people in it against its token or member."""
    if zeroten().config.rate_limits:
        _hit(_moving, EXPORTS, "exports", token_id)


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


def _hit(
    strategy: RateLimiter,
    item: RateLimitItem,
    bucket: str,
    who: str,
) -> None:
    key = hashlib.blake2b(who.encode(), key=_salt.today(), digest_size=12).hexdigest()
    # The application's own identity keeps two of them in one process (tests) apart.
    scope = str(id(zeroten()))
    if not strategy.hit(item, bucket, scope, key):
        reset = strategy.get_window_stats(item, bucket, scope, key).reset_time
        raise RateLimitedError(
            bucket, item.amount, item.get_expiry(), max(1, round(reset - time.time()))
        )
