"""What an answer means for the batch, and how long to wait before the next try."""

from __future__ import annotations

import enum
import json
import random
from dataclasses import dataclass
from typing import Any

from .transport import Reply

BASE_S = 0.5
CAP_S = 60.0
MAX_RETRY_AFTER_S = 600.0

# How often a batch may be cut in halves. Too large: down to single events. Refused as a whole:
# a few times, so that one bad event takes an eighth with it and not five hundred.
MAX_SPLITS = {413: 10, 400: 3, 422: 3}


class Verdict(enum.Enum):
    """What becomes of a batch."""

    DELIVERED = "delivered"
    RETRY = "retry"
    SPLIT = "split"
    DROP = "drop"
    HALT = "halt"


@dataclass(frozen=True)
class Result:
    """Counts from a 200: see the batch answer in the server's protocol."""

    stored: int
    duplicates: int
    rejected: int
    errors: tuple[Any, ...] = ()


def judge(reply: Reply, count: int, splits: int) -> Verdict:
    """Decide from status and body; `count` and `splits` are the batch's."""
    status = reply.status
    if 200 <= status < 300:
        # A captive portal or a wrong host also answers 200; only our server's JSON counts.
        return Verdict.DELIVERED if result_of(reply, count) else Verdict.RETRY
    if status in (0, 408, 429) or status >= 500 or 100 <= status < 200:
        return Verdict.RETRY
    if status == 409 and reply.retry_after_s is not None:
        return Verdict.RETRY  # the first try of this very batch is still being stored
    if 300 <= status < 400 or status in (401, 403):
        return Verdict.HALT
    if count > 1 and splits < MAX_SPLITS.get(status, 0):
        return Verdict.SPLIT
    return Verdict.DROP


def result_of(reply: Reply, count: int) -> Result | None:
    """Read the counts of a 2xx; None when the body is not a batch answer."""
    try:
        body = json.loads(reply.body)
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    if "stored" not in body:
        # Other servers of Segment's protocol say {"success": true}.
        return Result(count, 0, 0) if body.get("success") is True else None
    try:
        rejected = int(body.get("rejected", 0))
        duplicates = int(body.get("duplicates", 0))
        return Result(int(body["stored"]), duplicates, rejected, tuple(body.get("errors") or ()))
    except (TypeError, ValueError):
        return None


def delay_s(failures: int, retry_after_s: float | None = None) -> float:
    """Return the pause after the n-th failure in a row (1, 2, …).

    Full jitter: uniform up to 0.5 s doubled each time, at most 60 s. `Retry-After` is a minimum,
    up to 10 minutes, with up to a tenth on top so that a fleet does not come back as one.
    Source: Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """
    jitter = random.uniform(0.1, min(CAP_S, BASE_S * 2.0 ** min(failures, 10)))  # noqa: S311
    if retry_after_s is None:
        return jitter
    wanted = min(retry_after_s, MAX_RETRY_AFTER_S)
    return wanted + random.uniform(0.0, min(5.0, wanted / 10))  # noqa: S311
