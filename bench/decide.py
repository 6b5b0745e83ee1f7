"""`POST /v1/decide` against a bare Flask JSON route on the same server, taken in turns.

`decide` is what a server meets: half of the questions are of people never seen before, who are
asked, half of people who turn out to rest. `decide_asked` is the dearest case alone: a decision, a
ticket, a user and their browser are written and on disk before the answer.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from functools import partial
from statistics import median

from bench import load
from bench.server import ORIGIN, Bench, postgresql, serve

ROUNDS = 5
SECONDS = 2.0
CONNECTIONS = 16
HEADERS = {"Origin": ORIGIN, "Accept-Encoding": "gzip, deflate, br"}
# So many newcomers come before the first of them comes again.
_APART = 200
_SECOND_BROWSER = 500_000_000_000


def run() -> Iterator[dict[str, object]]:
    """Measure on SQLite, then on PostgreSQL."""
    with serve() as bench:
        yield from measure("decide", bench)
    with postgresql() as url, serve(url) as bench:
        yield from measure("decide_postgresql", bench)


def measure(name: str, bench: Bench) -> Iterator[dict[str, object]]:
    """Yield the rates beside the floor's, and the latency."""
    floors, mixed, asked = load.in_turn(
        ROUNDS,
        *(
            partial(_load, bench, sent)
            for sent in (floor_requests(), mixed_requests(bench), requests(bench))
        ),
    )
    assert not sum(each.failed for each in (*mixed, *asked))
    floor, floor_p99 = median(each.rate for each in floors), median(each.p99_ms for each in floors)
    yield row(name, median(each.rate for each in mixed), "requests/s", floor)
    yield row(f"{name}_p99", median(each.p99_ms for each in mixed), "ms", floor_p99)
    yield row(f"{name}_asked", median(each.rate for each in asked), "requests/s", floor)


def _load(bench: Bench, requests: Iterator[bytes]) -> load.Load:
    return load.run(bench.port, requests, connections=CONNECTIONS, seconds=SECONDS)


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
    """Return what the widget asks of a new person."""
    number = next(_numbers)
    return question(bench.publishable_key, bench.survey_id, number, number)


def question(key: str, survey_id: str, person: int, browser: int) -> dict[str, object]:
    """Return a question as the widget sends it."""
    return {
        "publishable_key": key,
        "user_id": f"user-{person}",
        "anonymous_id": f"5f0c1a52-9d1e-4f5e-8d15-{browser:012d}",
        "account": {"id": f"account-{person % 500}"},
        "traits": {"role": "admin" if person % 5 == 0 else "member", "plan": "pro"},
        "page": f"/reports/{person}",
        "language": "en-GB",
        "languages": ["en-GB", "en"],
        "device": "desktop",
        "app_version": "4.2.0",
        "triggers": {survey_id: {"type": "page_load"}},
        "candidates": [survey_id],
        "manual": False,
    }


def requests(bench: Bench) -> Iterator[bytes]:
    """Yield questions of people never seen before, who are asked."""
    while True:
        yield _post(body(bench))


def mixed_requests(bench: Bench) -> Iterator[bytes]:
    """Yield questions of new people and, as often, of known ones in a browser that knows no past.

    A page that knows why a person cannot be asked sends nothing; what else a server refuses are
    people who come on another device while their invitation is open, or rest after it.
    """
    key, survey_id = bench.publishable_key, bench.survey_id
    while True:
        newcomers = [next(_numbers) for _ in range(_APART)]
        for person in newcomers:
            yield _post(question(key, survey_id, person, person))
        for person in newcomers:
            yield _post(question(key, survey_id, person, person + _SECOND_BROWSER))


def floor_requests() -> Iterator[bytes]:
    """Yield the same question to the bare route."""
    headers = {**HEADERS, "Content-Type": "application/json"}
    content = json.dumps(question("pk_" + "0" * 22, "srv_" + "0" * 20, 0, 0)).encode()
    return itertools.repeat(load.post("/floor", content, headers))


def _post(document: dict[str, object]) -> bytes:
    content = json.dumps(document).encode()
    return load.post("/v1/decide", content, {**HEADERS, "Content-Type": "text/plain"})
