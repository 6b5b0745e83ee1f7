"""Realistic usage events, the same for the product and for its floor.

A batch is what one application server sends: 500 events of people who work at the moment, a few
of each, 60 features, spread over 28 days in all.
"""

from __future__ import annotations

import gzip
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

USERS = 20_000
FEATURES = 60
DAYS = 28
EVENTS = 500
SPREADS = ("mixed", "sessions")


def batches(
    count: int, *, spread: str = "mixed", gzipped: bool = False, seed: int = 8
) -> list[bytes]:
    """Return `count` bodies of 500 events each; another seed gives other events.

    Args:
        spread: `mixed` draws person, feature and day of each event alone, so that nearly every
            event is a row of its own (the dearest case); `sessions` has people do several things
            in a row on one day, as they do.
    """
    draw = random.Random(seed)
    now = datetime.now(UTC).replace(microsecond=0)
    bodies = []
    for _ in range(count):
        events = list(_mixed(draw, now) if spread == "mixed" else _sessions(draw, now))
        body = msgspec.json.encode({"batch": events, "sentAt": _text(now)})
        bodies.append(gzip.compress(body, 6) if gzipped else body)
    return bodies


def is_gzip(body: bytes) -> bool:
    """Say whether a body is compressed."""
    return body.startswith(b"\x1f\x8b")


def _mixed(draw: random.Random, now: datetime) -> Iterator[dict[str, object]]:
    for _ in range(EVENTS):
        yield _event(draw, draw.randrange(USERS), _moment(draw, now, draw.randrange(DAYS)))


def _sessions(draw: random.Random, now: datetime) -> Iterator[dict[str, object]]:
    day = draw.randrange(DAYS)
    left = EVENTS
    while left:
        user, steps = draw.randrange(USERS), min(left, draw.randint(1, 12))
        for _ in range(steps):
            yield _event(draw, user, _moment(draw, now, day))
        left -= steps


def _event(draw: random.Random, user: int, at: datetime) -> dict[str, object]:
    return {
        "type": "track",
        "userId": f"user-{user}",
        "event": f"feature_{min(int(draw.expovariate(0.08)), FEATURES - 1)}",
        "messageId": str(uuid.UUID(int=draw.getrandbits(128))),
        "timestamp": _text(at),
        "properties": {"plan": draw.choice(("free", "pro")), "items": draw.randrange(100)},
    }


def _moment(draw: random.Random, now: datetime, days_ago: int) -> datetime:
    return now - timedelta(days=days_ago, milliseconds=draw.randrange(36_000_000))


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
