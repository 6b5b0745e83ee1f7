"""`POST /v1/batch` into durable rollups against a floor with no HTTP, taken in turns.

Rows named after the database are of `mixed` events: 20,000 users, 60 features, 28 days, each
drawn alone; `_sessions` rows are of people who do several things in a row. The floor decodes the
same bytes with msgspec and upserts the same usage rows into the same table, one transaction a
batch (`ingest_floor.py`). Both count the same bodies, no body twice. A round is over when nothing
of it is left to do: people's own rows say it too, and on SQLite the log is copied into the file.
Shown beside the rate: the processor time of an event, which a busy machine does not change, and
the p99 at half of the peak rate. The rate with many rows stored is that of a server with so many
beside that of one whose table was empty, load in turns; `INGEST_FULL=1` stores ten million.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import pickle
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median, quantiles
from tempfile import NamedTemporaryFile
from typing import Any, NamedTuple, cast

import psutil
from sqlalchemy import Connection, text

from backend.storage.db import Database
from backend.storage.usage import pending
from bench import load
from bench.decide import row
from bench.ingest_events import DAYS, EVENTS, USERS, batches, is_gzip
from bench.ingest_floor import FIRST_USER, copy_log
from bench.server import PORT, Bench, postgresql, serve

ROUNDS = 5
# In a round: 400,000 events, seconds of work.
BODIES = 800
CONNECTIONS = 8
PACED_S = 4.0
TOO_LONG_S = 120.0
ROWS_STORED = 10_000_000 if os.environ.get("INGEST_FULL") == "1" else 1_000_000

_seeds = itertools.count(8)


class Took(NamedTuple):
    """What a round took: seconds, and processor time of the server and its database."""

    seconds: float
    cpu_s: float


def run() -> Iterator[dict[str, object]]:
    """Measure on SQLite, then on PostgreSQL."""
    with serve() as bench:
        yield from measure("ingest_sqlite", bench)
    with serve() as full, serve(port=PORT + 1) as empty:
        yield with_rows("ingest_sqlite", full, empty)
    with postgresql() as url:
        with serve(url) as bench:
            yield from measure("ingest_postgresql", bench)
        first, second = new_database(url, "first"), new_database(url, "second")
        with serve(first) as full, serve(second, PORT + 1) as empty:
            yield with_rows("ingest_postgresql", full, empty)


def measure(name: str, bench: Bench) -> Iterator[dict[str, object]]:
    """Yield the rates of mixed events and of sessions, p99 and cost."""
    peak = 0.0
    for suffix, spread, gzipped in (
        ("", "mixed", False),
        ("_gzip", "mixed", True),
        ("_sessions", "sessions", False),
    ):
        ours, floor = [], []
        for bodies in rounds(spread, gzipped):
            floor.append(floor_counts(bench, bodies))
            ours.append(counts(bench, bodies))
        yield row(name + suffix, rate(ours), "events/s", rate(floor))
        yield row(f"{name}{suffix}_cpu", cpu_us(ours), "us/event", cpu_us(floor))
        peak = peak or rate(ours)
    latency_ms = half_of(bench, peak / 2)
    yield row(f"{name}_p99_at_half", latency_ms, "ms", 500.0)


def with_rows(name: str, full: Bench, empty: Bench) -> dict[str, object]:
    """Return the rate with many rows stored beside that with few."""
    _warm(full, empty)
    fill(full, ROWS_STORED)
    _warm(full, empty)
    with_many, with_few = [], []
    for bodies in rounds("mixed", False):
        with_many.append(counts(full, bodies))
        with_few.append(counts(empty, bodies))
    return row(f"{name}_{ROWS_STORED}_rows", rate(with_many), "events/s", rate(with_few))


def _warm(*benches: Bench) -> None:
    """Have everybody known, and the pages where they stay."""
    bodies = batches(BODIES, seed=next(_seeds))
    for bench in benches:
        counts(bench, bodies)


def rounds(spread: str, gzipped: bool) -> Iterator[list[bytes]]:
    """Yield the bodies of each round; none was there before."""
    for _ in range(ROUNDS):
        yield batches(BODIES, spread=spread, gzipped=gzipped, seed=next(_seeds))


def rate(taken: Iterable[Took]) -> float:
    """Return events a second, the median of rounds."""
    return median(BODIES * EVENTS / each.seconds for each in taken)


def cpu_us(taken: Iterable[Took]) -> float:
    """Return the processor time of an event in µs, the median of rounds."""
    return median(each.cpu_s / (BODIES * EVENTS) * 1e6 for each in taken)


def counts(bench: Bench, bodies: list[bytes]) -> Took:
    """Have the product count `bodies`."""
    used, started = _cpu_s(), time.perf_counter()
    requests = _requests(bench, bodies)
    found = load.run(bench.port, requests, connections=CONNECTIONS, seconds=TOO_LONG_S)
    assert not found.failed
    assert next(requests, None) is None
    later_s = _settle(bench)
    return Took(time.perf_counter() - started, _cpu_s() - used + later_s)


def _settle(bench: Bench) -> float:
    """Do what a round has left for later; return the processor time of it."""
    used = time.process_time()
    db = Database(bench.database_url)
    pending.fold(db)
    if db.is_sqlite:
        with db.engine.connect() as connection:
            connection.rollback()
            copy_log(cast(Any, connection.connection.dbapi_connection))
    db.close()
    return time.process_time() - used


def floor_counts(bench: Bench, bodies: list[bytes]) -> Took:
    """Have the floor count `bodies`, in a process of its own."""
    with NamedTemporaryFile() as file:
        Path(file.name).write_bytes(pickle.dumps(bodies))
        used = _cpu_s()
        command = [sys.executable, "-m", "bench.ingest_floor", bench.database_url, file.name]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    seconds, cpu_s = map(float, told)
    # What the database's processes took during the floor's rounds counts as well.
    return Took(seconds, cpu_s + max(0.0, _cpu_s() - used))


def half_of(bench: Bench, rate: float) -> float:
    """Return the p99 in ms of batches sent at `rate` events a second, whatever is answered."""
    bodies = itertools.cycle(batches(BODIES, seed=next(_seeds)))
    return asyncio.run(_paced(bench.port, _requests(bench, bodies), EVENTS / rate))


async def _paced(port: int, requests: Iterator[bytes], every_s: float) -> float:
    latencies: list[float] = []
    begun = asyncio.get_running_loop().time()

    async def one(offset: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in itertools.count(offset, CONNECTIONS):
            # Timed from when it should have been sent: a queue at the sender counts too.
            due = begun + number * every_s
            if due > begun + PACED_S:
                break
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            writer.write(next(requests))
            assert await load._answer(reader) == 200
            latencies.append(asyncio.get_running_loop().time() - due)
        writer.close()

    await asyncio.gather(*(one(offset) for offset in range(CONNECTIONS)))
    return quantiles(latencies, n=100)[98] * 1000


def fill(bench: Bench, rows: int) -> None:
    """Put rollup rows of the product's and of the floor's people into the table, half each.

    Day after day, as they come: the pages are as full then as those of a table that grew.
    """
    names = rows // (2 * USERS * DAYS) + 1
    today = int(time.time() // 86_400)
    statement = (
        f"WITH RECURSIVE days(d) AS (SELECT {today - DAYS} UNION ALL SELECT d + 1 FROM days"
        f" WHERE d < {today - 1}), names(n) AS (SELECT 100000 UNION ALL SELECT n + 1 FROM names"
        f" WHERE n < {99_999 + names}), others(u) AS (SELECT {FIRST_USER} UNION ALL SELECT u + 1"
        f" FROM others WHERE u < {FIRST_USER + USERS - 1}), people(u) AS (SELECT key FROM users"
        " UNION ALL SELECT u FROM others)"
        " INSERT INTO usage_days (user_key, day, name_id, count, engaged_ms, first_ms)"
        " SELECT u, d, n, 1, 0, 1000 FROM people, days, names WHERE true ORDER BY d, u, n"
        " ON CONFLICT DO NOTHING"
    )
    db = Database(bench.database_url)

    def work(connection: Connection) -> None:
        if not db.is_sqlite:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text(statement))

    db.write(work)
    if not db.is_sqlite:
        # What the database does by itself after so many rows at once is not the next event's cost.
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE) usage_days"))
            connection.execute(text("CHECKPOINT"))
    db.close()


def new_database(url: str, name: str) -> str:
    """Make another database beside the one at `url`; return its address."""
    db = Database(url)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    db.close()
    return db.engine.url.set(database=name).render_as_string(hide_password=False)


def _cpu_s() -> float:
    """Return the processor time of this benchmark's servers, and of PostgreSQL beside them."""
    ours = {process.pid for process in psutil.Process().children(recursive=True)}
    total = 0.0
    for process in psutil.process_iter(["name"]):
        is_database = process.info["name"] == "postgres"
        if process.pid not in ours and not is_database:
            continue
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if is_database:  # with those of its processes that have ended
            total += times.children_user + times.children_system
    return total


def _requests(bench: Bench, bodies: Iterable[bytes]) -> Iterator[bytes]:
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {bench.secret_key}",
        "User-Agent": "zeroten-python/bench",
    }
    for body in bodies:
        own = {"Idempotency-Key": uuid.uuid4().hex}
        if is_gzip(body):
            own["Content-Encoding"] = "gzip"
        yield load.post("/v1/batch", body, headers | own)
