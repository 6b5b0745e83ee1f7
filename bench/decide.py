"""`POST /v1/decide` against a bare Flask JSON route on the same server, taken in turns.

Every request is of a person never seen before, who is asked: the dearest case, with a decision,
a ticket and a user written and on disk before the answer.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from statistics import median

from bench import load
from bench.server import ORIGIN, Bench, postgresql, serve

ROUNDS = 5
SECONDS = 3.0
CONNECTIONS = 16


def run() -> Iterator[dict[str, object]]:
    """Measure on SQLite, then on PostgreSQL."""
    with serve() as bench:
        yield from measure("decide", bench)
    with postgresql() as url, serve(url) as bench:
        yield from measure("decide_postgresql", bench)


def measure(name: str, bench: Bench) -> Iterator[dict[str, object]]:
    """Yield the rate beside the floor's, and the latency."""
    floors, decides = load.in_turn(
        ROUNDS,
        lambda: load.run(bench.port, floor_requests(), connections=CONNECTIONS, seconds=SECONDS),
        lambda: load.run(bench.port, requests(bench), connections=CONNECTIONS, seconds=SECONDS),
    )
    rate, floor = median(each.rate for each in decides), median(each.rate for each in floors)
    assert not sum(each.failed for each in decides)
    yield row(name, rate, "requests/s", floor)
    yield row(
        f"{name}_p99",
        median(each.p99_ms for each in decides),
        "ms",
        median(each.p99_ms for each in floors),
    )


def row(name: str, value: float, unit: str, floor: float) -> dict[str, object]:
    """Return one line of output; the ratio is value ÷ floor."""
    return {
        "name": name,
        "value": round(value, 2),
        "unit": unit,
        "floor": round(floor, 2),
        "ratio": round(value / floor, 3),
    }


_numbers = itertools.count()


def body(bench: Bench) -> dict[str, object]:
    """Return a question of a new person."""
    number = next(_numbers)
    return {
        "publishable_key": bench.publishable_key,
        "user_id": f"user-{number}",
        "account": {"id": f"account-{number % 500}"},
        "traits": {"role": "admin" if number % 5 == 0 else "member", "plan": "pro"},
        "page": f"/reports/{number}",
        "language": "en-GB",
        "device": "desktop",
        "app_version": "4.2.0",
        "trigger": {"type": "page_load"},
    }


def requests(bench: Bench) -> Iterator[bytes]:
    """Yield decide requests without end."""
    headers = {"Content-Type": "text/plain", "Origin": ORIGIN}
    while True:
        yield load.post("/v1/decide", json.dumps(body(bench)).encode(), headers)


def floor_requests() -> Iterator[bytes]:
    """Yield requests of the same size to the bare route."""
    headers = {"Content-Type": "application/json", "Origin": ORIGIN}
    content = json.dumps({"publishable_key": "pk_", "traits": {"role": "member"}, "p": "x" * 250})
    return itertools.repeat(load.post("/floor", content.encode(), headers))
