"""One event as JSON text, in the calling thread.

Encoding at once means that a waiting event is only text: it is small, it cannot change when the
caller reuses the dict, and the sender thread has nothing to do that needs the interpreter lock.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import json
import os
import threading
import time
from typing import Any, Callable

from . import limits
from .cleaning import clean, has_long_text, is_plain, shrink

Encode = Callable[[Any], bytes]


def standard_encoder() -> Encode:
    """Return an encoder of the standard library alone; raises on NaN and lone surrogates."""
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
    return lambda value: encode(value).encode("utf-8")


def best_encoder() -> Encode:
    """Return msgspec's encoder when it is installed (ten times faster), else the standard one."""
    try:
        import msgspec
    except ImportError:
        return standard_encoder()
    encode: Encode = msgspec.json.Encoder().encode
    return encode


class Encoder:
    """Encodes events; counts those that had to be changed to fit JSON or the limits."""

    def __init__(self, encode: Encode | None = None) -> None:
        self._encode = encode or best_encoder()
        self.coerced = 0
        self._lock = threading.Lock()

    def encode(self, event: dict[str, Any], payload: str) -> bytes:
        """Return `event` as JSON; `payload` names its member that holds the caller's values.

        Raises ValueError only when the event cannot be sent at all (an id that is too large).
        """
        values = event[payload]
        if is_plain(values):
            try:
                raw = self._encode(event)
            except Exception:
                return self._encode_cleaned(event, payload)
            if len(raw) <= limits.MAX_STRING_CHARS or (
                len(raw) <= limits.MAX_EVENT_BYTES and not has_long_text(values)
            ):
                return raw
        return self._encode_cleaned(event, payload)

    def _encode_cleaned(self, event: dict[str, Any], payload: str) -> bytes:
        event[payload], changed = clean(event[payload])
        if changed:
            with self._lock:
                self.coerced += 1
        raw = self._encode(event)
        if len(raw) > limits.MAX_EVENT_BYTES:
            event[payload] = shrink(event[payload], limits.MAX_EVENT_BYTES - 8192)
            raw = self._encode(event)
        if len(raw) > limits.MAX_EVENT_BYTES:
            raise ValueError("the event is too large")
        return raw


class Stamp:
    """Message ids and times, much cheaper than uuid4 and isoformat (9.5 us a pair).

    An id is 16 hex digits drawn once for the process and a counter: unique without a draw for
    every event. A forked child must make a new Stamp.
    """

    def __init__(self) -> None:
        self.prefix = os.urandom(8).hex()
        self._count = itertools.count(1)
        self._cached = (-1, "")  # the last millisecond and its text

    def message_id(self) -> str:
        """Return an id no other process and no other call will return."""
        return f"{self.prefix}-{next(self._count):x}"

    def now(self) -> str:
        """Return the time as RFC 3339 in UTC with milliseconds and `Z`."""
        now_ms = int(time.time() * 1000)
        cached = self._cached  # read once: another thread may replace it
        if cached[0] == now_ms:
            return cached[1]
        second, ms = divmod(now_ms, 1000)
        text = f"{_second_text(second)}.{ms:03d}Z"
        self._cached = (now_ms, text)
        return text


@functools.lru_cache(maxsize=8)
def _second_text(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def moment(value: object) -> str:
    """Return a caller's timestamp (datetime, seconds since 1970, or text) as RFC 3339.

    A datetime without a zone is taken as UTC. Raises ValueError or TypeError for anything else:
    a time that cannot be read must not be sent, lest the server refuse its neighbours too.
    """
    if isinstance(value, str):
        # Before Python 3.11 fromisoformat does not know the Z.
        value = dt.datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
    if isinstance(value, (int, float)):
        value = dt.datetime.fromtimestamp(value, dt.timezone.utc)
    if not isinstance(value, dt.datetime):
        raise TypeError("timestamp: a datetime, a number of seconds, or RFC 3339 text")
    if value.tzinfo is None:
        value = value.replace(tzinfo=dt.timezone.utc)
    text = value.astimezone(dt.timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
