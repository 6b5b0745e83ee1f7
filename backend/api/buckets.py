"""Counts requests by sender: in this process, or in Redis when several processes count together."""

from __future__ import annotations

import secrets
import time
from typing import Any, Final

import structlog
from limits import RateLimitItem
from limits.storage import MemoryStorage, Storage
from limits.strategies import (
    FixedWindowRateLimiter,
    MovingWindowRateLimiter,
    RateLimiter,
    SlidingWindowCounterRateLimiter,
)

log = structlog.get_logger()

FIXED: Final = "fixed-window"
SLIDING: Final = "sliding-window-counter"
MOVING: Final = "moving-window"
_STRATEGIES: Final[dict[str, type[RateLimiter]]] = {
    FIXED: FixedWindowRateLimiter,
    SLIDING: SlidingWindowCounterRateLimiter,
    MOVING: MovingWindowRateLimiter,
}
# Counting must cost a request little: a Redis that is slower than this counts as away.
TIMEOUT_S: Final = 0.25
# While it is away, each process counts for itself and looks again after this time.
RETRY_AFTER_S: Final = 3.0
_DAY_S: Final = 86_400


class Buckets:
    """The buckets of one application, with the salt of the day that hides whose they are."""

    def __init__(self, redis_url: str = "") -> None:
        self._own = _Counters(MemoryStorage())
        self._shared = _Shared(redis_url) if redis_url else None
        self._away_until_s = 0.0
        self._salt: tuple[int, bytes] = (-1, b"")

    @property
    def is_degraded(self) -> bool:
        """True when Redis is set and does not answer now."""
        return self._shared is not None and self._ask(lambda shared: shared.ping()) is None

    def wait_s(self, strategy: str, item: RateLimitItem, *who: str) -> int | None:
        """Count a request; return None to let it in, else after how many seconds there is room."""
        if self._shared is not None:
            told = self._ask(lambda shared: shared.counters.count(strategy, item, who))
            if told is not None:
                return told or None
        return self._own.count(strategy, item, who) or None

    def salt(self) -> bytes:
        """Return the random bytes of today (UTC), which are in memory alone; Redis shares them."""
        day = int(time.time()) // _DAY_S
        if day != self._salt[0]:
            shared = self._ask(lambda shared: shared.salt(day)) if self._shared else None
            found = shared or secrets.token_bytes(16)
            if self._shared is not None and shared is None:
                # Not kept: once Redis is back, all processes have the same one again.
                return self._salt[1] or self._keep(-1, found)
            self._keep(day, found)
        return self._salt[1]

    def _keep(self, day: int, salt: bytes) -> bytes:
        self._salt = (day, salt)
        return salt

    def _ask(self, question: Any) -> Any:
        """Return what Redis says, None while it is away."""
        assert self._shared is not None
        if time.monotonic() < self._away_until_s:
            return None
        try:
            return question(self._shared)
        except self._shared.errors as error:
            if self._away_until_s == 0.0:
                log.warning("redis-away", error=type(error).__name__)
            self._away_until_s = time.monotonic() + RETRY_AFTER_S
            return None


class _Counters:
    """The three ways of counting over one storage."""

    def __init__(self, storage: Storage) -> None:
        self._by_name = {name: make(storage) for name, make in _STRATEGIES.items()}

    def count(self, strategy: str, item: RateLimitItem, who: tuple[str, ...]) -> int:
        """Count a request; return 0 to let it in, else the seconds to wait."""
        limiter = self._by_name[strategy]
        if limiter.hit(item, *who):
            return 0
        return max(1, round(limiter.get_window_stats(item, *who).reset_time - time.time()))


class _Shared:
    """Redis, asked once and with a short time limit: a request does not wait for it."""

    def __init__(self, url: str) -> None:
        import redis
        from limits.storage import RedisStorage
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self.errors: Any = redis.RedisError
        storage = RedisStorage(
            url,
            key_prefix="zeroten",
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]
        )
        self._client: Any = storage.get_connection()
        self.counters = _Counters(storage)

    def ping(self) -> bool:
        return bool(self._client.ping())

    def salt(self, day: int) -> bytes:
        name = f"zeroten:salt:{day}"
        self._client.set(name, secrets.token_bytes(16), ex=2 * _DAY_S, nx=True)
        return bytes(self._client.get(name))
