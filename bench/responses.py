"""`POST /v1/responses` against a bare Flask JSON route: first answers, each with its own ticket."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from statistics import median

from bench import decide, load
from bench.server import ORIGIN, Bench, postgresql, serve

ROUNDS = 3
SECONDS = 2.0
TICKETS = 6_000


def run() -> Iterator[dict[str, object]]:
    """Measure on SQLite, then on PostgreSQL."""
    with serve() as bench:
        yield measure("responses", bench)
    with postgresql() as url, serve(url) as bench:
        yield measure("responses_postgresql", bench)


def measure(name: str, bench: Bench) -> dict[str, object]:
    """Return the rate of first answers beside the floor's."""
    requests = iter(_requests(bench, _tickets(bench, TICKETS)))
    floors, answers = load.in_turn(
        ROUNDS,
        lambda: load.run(bench.port, decide.floor_requests(), connections=16, seconds=SECONDS),
        lambda: load.run(bench.port, requests, connections=16, seconds=SECONDS),
    )
    assert not sum(each.failed for each in answers)
    return decide.row(
        name,
        median(each.rate for each in answers),
        "requests/s",
        median(each.rate for each in floors),
    )


def _tickets(bench: Bench, count: int) -> list[str]:
    connection = http.client.HTTPConnection("127.0.0.1", bench.port)
    tickets = []
    for _ in range(count):
        content = json.dumps(decide.body(bench))
        headers = {"Content-Type": "text/plain", "Origin": ORIGIN}
        connection.request("POST", "/v1/decide", content, headers)
        tickets.append(json.loads(connection.getresponse().read())["ticket"])
    return tickets


def _requests(bench: Bench, tickets: list[str]) -> Iterator[bytes]:
    for revision in range(1, 100):
        for ticket in tickets:
            content = {
                "publishable_key": bench.publishable_key,
                "ticket": ticket,
                "revision": revision,
                "state": "scored",
                "score": 9,
            }
            headers = {"Content-Type": "text/plain", "Origin": ORIGIN}
            yield load.post("/v1/responses", json.dumps(content).encode(), headers)
