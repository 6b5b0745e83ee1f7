"""The floor of ingest: decode the same bytes, upsert the same rollup rows, with no HTTP.

One connection, one transaction a batch, users and names already known by number. Nothing is
checked, deduplicated or kept of the person: what is left is msgspec and the database.
`python -m bench.ingest_floor URL SPREAD GZIP SECONDS` prints events a second and µs an event.
"""

from __future__ import annotations

import gzip
import itertools
import sys
import time
from datetime import datetime

import msgspec

from backend.storage.db import Database
from backend.storage.fast import pg_numbers
from backend.storage.usage.sql import UPSERT
from bench.ingest_events import EVENTS, FEATURES, batches

# Beyond those of any user the product adds to the same table meanwhile.
FIRST_USER = 1_000_000
BODIES = 400


class Event(msgspec.Struct):
    """The members that make a rollup row."""

    userId: str  # noqa: N815 - the wire's names
    event: str
    timestamp: datetime


class Batch(msgspec.Struct):
    """One body."""

    batch: list[Event]


def measure(url: str, spread: str, gzipped: bool, seconds: float) -> tuple[float, float]:
    """Return events a second, and the processor time of an event in this process in µs."""
    bodies = itertools.cycle(batches(BODIES, spread=spread, gzipped=gzipped))
    db = Database(url)
    names = {f"feature_{number}": number for number in range(FEATURES)}
    decoder = msgspec.json.Decoder(Batch)
    done = 0
    with db.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        connection.rollback()
        started, used = time.perf_counter(), time.process_time()
        while time.perf_counter() - started < seconds:
            body = next(bodies)
            rows = roll_up(decoder.decode(gzip.decompress(body) if gzipped else body), names)
            cursor = driver.cursor()
            if db.is_sqlite:
                cursor.execute("BEGIN IMMEDIATE")
                cursor.executemany(UPSERT["sqlite"], rows)
                cursor.execute("COMMIT")
            else:
                cursor.execute(UPSERT["postgresql"], list(map(pg_numbers, zip(*rows, strict=True))))
                driver.commit()
            done += EVENTS
        took = time.perf_counter() - started
        cpu_us = (time.process_time() - used) / done * 1e6
    db.close()
    return done / took, cpu_us


def roll_up(batch: Batch, names: dict[str, int]) -> list[tuple[int, ...]]:
    """Return the rows of a batch in the order of their keys."""
    rows: dict[tuple[int, int, int], list[int]] = {}
    for event in batch.batch:
        at = int(event.timestamp.timestamp() * 1000)
        day, ms = divmod(at, 86_400_000)
        key = (FIRST_USER + int(event.userId[5:]), day, names[event.event])
        row = rows.get(key)
        if row is None:
            rows[key] = [1, 0, ms]
        else:
            row[0] += 1
            row[2] = min(row[2], ms)
    return [(*key, *row) for key, row in sorted(rows.items())]


if __name__ == "__main__":
    print(*measure(sys.argv[1], sys.argv[2], sys.argv[3] == "1", float(sys.argv[4])))
