"""`POST /v1/batch` into durable rollups against a floor with no HTTP, taken in turns.

Rows named after the database are of `mixed` events: 20,000 users, 60 features, 28 days, each
drawn alone; `_sessions` rows are of people who do several things in a row. The floor decodes the
same bytes with msgspec and upserts the same usage rows into the same table, one transaction a
batch (`ingest_floor.py`). Shown beside the rate: the processor time an event takes, which a busy
machine does not change, the p99 at half of the peak rate, and the rate with many rows stored
beside the rate just before. `INGEST_FULL=1` fills ten million of them.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from statistics import median, quantiles

import psutil
from sqlalchemy import Connection, text

from backend.storage.db import Database
from bench import load
from bench.decide import row
from bench.ingest_events import DAYS, EVENTS, USERS, batches
from bench.ingest_floor import FIRST_USER
from bench.server import Bench, postgresql, serve

ROUNDS = 3
SECONDS = 4.0
CONNECTIONS = 8
# So many that most of what a round sends was not sent before.
BODIES = 400
ROWS_STORED = 10_000_000 if os.environ.get("INGEST_FULL") == "1" else 1_000_000


def run() -> Iterator[dict[str, object]]:
    """Measure on SQLite, then on PostgreSQL."""
    with serve() as bench:
        yield from measure("ingest_sqlite", bench)
    with postgresql() as url, serve(url) as bench:
        yield from measure("ingest_postgresql", bench)


def measure(name: str, bench: Bench) -> Iterator[dict[str, object]]:
    """Yield the rates of mixed events and of sessions, p99, cost, and the rate when full."""
    peak = 0.0
    for suffix, spread, gzipped in (
        ("", "mixed", False),
        ("_gzip", "mixed", True),
        ("_sessions", "sessions", False),
    ):
        found = Rates(bench, spread, gzipped)
        yield row(name + suffix, found.rate, "events/s", found.floor)
        yield row(name + suffix + "_cpu", found.cpu_us, "us/event", found.floor_cpu_us)
        peak = peak or found.rate
    latency_ms = half_of(bench, peak / 2)
    yield row(f"{name}_p99_at_half", latency_ms, "ms", 500.0)
    before = Rates(bench, "mixed", False)
    fill(bench, ROWS_STORED)
    after = Rates(bench, "mixed", False)
    yield row(f"{name}_{ROWS_STORED}_rows", after.rate, "events/s", before.rate)


class Rates:
    """Events a second of product and floor, in turns, with the processor time of an event."""

    def __init__(self, bench: Bench, spread: str, gzipped: bool) -> None:
        bodies = batches(BODIES, spread=spread, gzipped=gzipped)
        rates, floors, cpus, floor_cpus = [], [], [], []
        for _ in range(ROUNDS):
            floor, floor_cpu = _floor(bench, spread, gzipped)
            floors.append(floor)
            floor_cpus.append(floor_cpu)
            started = _cpu_s()
            found = load.run(
                bench.port, _requests(bench, bodies, gzipped), connections=CONNECTIONS,
                seconds=SECONDS,
            )  # fmt: skip
            assert not found.failed
            rates.append(found.rate * EVENTS)
            cpus.append((_cpu_s() - started) / (found.rate * EVENTS * SECONDS) * 1e6)
        self.rate, self.floor = median(rates), median(floors)
        self.cpu_us, self.floor_cpu_us = median(cpus), median(floor_cpus)


def half_of(bench: Bench, rate: float) -> float:
    """Return the p99 in ms of batches sent at `rate` events a second, whatever is answered."""
    requests = _requests(bench, batches(BODIES), False)
    return asyncio.run(_paced(bench.port, requests, EVENTS / rate, SECONDS))


async def _paced(port: int, requests: Iterator[bytes], every_s: float, seconds: float) -> float:
    latencies: list[float] = []
    begun = asyncio.get_running_loop().time()

    async def one(offset: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in itertools.count(offset, CONNECTIONS):
            # Timed from when it should have been sent: a queue at the sender counts too.
            due = begun + number * every_s
            if due > begun + seconds:
                break
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            writer.write(next(requests))
            assert await load._answer(reader) == 200
            latencies.append(asyncio.get_running_loop().time() - due)
        writer.close()

    await asyncio.gather(*(one(offset) for offset in range(CONNECTIONS)))
    return quantiles(latencies, n=100)[98] * 1000


def fill(bench: Bench, rows: int) -> None:
    """Put rollup rows of the product's and of the floor's people into the table, half each."""
    names = rows // (2 * USERS * DAYS) + 1
    today = int(time.time() // 86_400)
    statement = (
        f"WITH RECURSIVE days(d) AS (SELECT {today - DAYS} UNION ALL SELECT d + 1 FROM days"
        f" WHERE d < {today - 1}), names(n) AS (SELECT 100000 UNION ALL SELECT n + 1 FROM names"
        f" WHERE n < {99_999 + names}), others(u) AS (SELECT {FIRST_USER} UNION ALL SELECT u + 1"
        f" FROM others WHERE u < {FIRST_USER + USERS - 1}), people(u) AS (SELECT key FROM users"
        " UNION ALL SELECT u FROM others)"
        " INSERT INTO usage_days (user_key, day, name_id, count, engaged_ms, first_ms)"
        " SELECT u, d, n, 1, 0, 1000 FROM people, days, names WHERE true ORDER BY u, d, n"
        " ON CONFLICT DO NOTHING"
    )
    db = Database(bench.database_url)

    def work(connection: Connection) -> None:
        if not db.is_sqlite:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text(statement))

    db.write(work)
    db.close()


def _floor(bench: Bench, spread: str, gzipped: bool) -> tuple[float, float]:
    """Run the floor in a process of its own; return events a second and µs an event."""
    started = _cpu_s()
    command = [
        sys.executable, "-m", "bench.ingest_floor", bench.database_url, spread,
        str(int(gzipped)), str(SECONDS),
    ]  # fmt: skip
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    rate, cpu_us = map(float, told)
    # What the database's processes took during the floor's rounds counts as well.
    return rate, cpu_us + max(0.0, _cpu_s() - started) / (rate * SECONDS) * 1e6


def _cpu_s() -> float:
    """Return the processor time of this benchmark's servers, the database's included."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def _requests(bench: Bench, bodies: list[bytes], gzipped: bool) -> Iterator[bytes]:
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {bench.secret_key}",
        "User-Agent": "zeroten-python/bench",
    } | ({"Content-Encoding": "gzip"} if gzipped else {})
    for body in itertools.cycle(bodies):
        yield load.post("/v1/batch", body, headers | {"Idempotency-Key": uuid.uuid4().hex})
