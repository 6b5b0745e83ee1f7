"""The floor of ingest: decode the same bytes, upsert the same rollup rows, with no HTTP.

One connection, one transaction a batch, users and names already known by number. Nothing is
checked, deduplicated or kept of the person: what is left is msgspec and the database.
`python -m bench.ingest_floor URL FILE` counts the bodies of a file and prints how long that took
and the processor time of it, in seconds.
"""

from __future__ import annotations

import gzip
import pickle
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import msgspec

from backend.storage.db import Database
from backend.storage.fast import pg_numbers
from backend.storage.usage.sql import UPSERT
from bench.ingest_events import FEATURES, is_gzip

# Beyond those of any user the product adds to the same table meanwhile.
FIRST_USER = 1_000_000


class Event(msgspec.Struct):
    """The members that make a rollup row."""

    userId: str  # noqa: N815 - the wire's names
    event: str
    timestamp: datetime


class Batch(msgspec.Struct):
    """One body."""

    batch: list[Event]


def measure(url: str, bodies: list[bytes]) -> tuple[float, float]:
    """Return the seconds it took to count `bodies`, and those of them that the processor ran."""
    db = Database(url)
    names = {f"feature_{number}": number for number in range(FEATURES)}
    decoder = msgspec.json.Decoder(Batch)
    with db.engine.connect() as connection:
        driver = cast(Any, connection.connection.dbapi_connection)
        connection.rollback()
        started, used = time.perf_counter(), time.process_time()
        for body in bodies:
            content = gzip.decompress(body) if is_gzip(body) else body
            rows = roll_up(decoder.decode(content), names)
            cursor = driver.cursor()
            if db.is_sqlite:
                cursor.execute("BEGIN IMMEDIATE")
                cursor.executemany(UPSERT["sqlite"], rows)
                cursor.execute("COMMIT")
            else:
                cursor.execute(UPSERT["postgresql"], list(map(pg_numbers, zip(*rows, strict=True))))
                driver.commit()
        if db.is_sqlite:
            copy_log(driver)
        took = time.perf_counter() - started, time.process_time() - used
    db.close()
    return took


def copy_log(driver: Any) -> None:
    """Copy what SQLite's log holds into the file, as somebody has to for every row written.

    Whoever wrote it pays for it: what one side leaves in the log, the other's next round copies.
    """
    while True:
        is_busy, pages, copied = driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if not is_busy and pages == copied:
            return
        time.sleep(0.001)


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
    print(*measure(sys.argv[1], pickle.loads(Path(sys.argv[2]).read_bytes())))
