"""Copies usage rows from the main database to ClickHouse: in pieces, resumable, compared after.

A piece is a range of the table's key; its insert carries the key it begins at and what it holds
as token, so that a copy that broke off can be started again from the beginning and sends only
what ClickHouse forgot. Stop ingest meanwhile (docs/guides/scaling.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import select as sql_select
from sqlalchemy import text, tuple_

from backend.storage.db import Database
from backend.storage.models import UsageDay
from backend.storage.usage.clickhouse import ClickHouseUsage

AT_ONCE: Final = 50_000

_TOTALS = text(
    "SELECT count(*), coalesce(sum(count), 0), coalesce(sum(engaged_ms), 0) FROM usage_days"
)


class Progress(NamedTuple):
    """How many rows of how many are over."""

    copied: int
    total: int


class CopyDiffersError(Exception):
    """After the copy, rows, events or engaged time are not the same on both sides."""


def copy_usage(
    db: Database,
    store: ClickHouseUsage,
    *,
    progress: Callable[[Progress], object] = lambda _: None,
    at_once: int = AT_ONCE,
) -> int:
    """Copy all usage rows and compare the totals; return how many rows there are.

    Raises:
        StorageUnavailableError: one of the two is away; start again, it goes on where it was.
        CopyDiffersError: ClickHouse has other rows too, or ingest went on meanwhile.
    """
    total = totals(db)[0]
    copied = 0
    for piece in _pieces(db, at_once):
        content = hashlib.sha256(msgspec.msgpack.encode(piece)).hexdigest()
        store.insert(piece, f"copy:{content}")
        copied += len(piece)
        progress(Progress(copied, total))
    ours, theirs = totals(db), store.totals()
    if ours != theirs:
        raise CopyDiffersError(
            f"Rows, events and engaged ms are {ours} here and {theirs} in ClickHouse."
        )
    return copied


def totals(db: Database) -> tuple[int, int, int]:
    """Return how many rows there are in the main database, their events and engaged ms."""
    with db.read() as session:
        rows, events, engaged_ms = session.execute(_TOTALS).one()
    return int(rows), int(events), int(engaged_ms)


def _pieces(db: Database, at_once: int) -> Iterator[Sequence[Any]]:
    """Yield the rows in the order of their key, each piece read in one short look."""
    key = tuple_(UsageDay.user_key, UsageDay.day, UsageDay.name_id)
    after = (-1, 0, 0)
    while True:
        query = (
            sql_select(UsageDay.__table__)
            .where(key > after)
            .order_by(UsageDay.user_key, UsageDay.day, UsageDay.name_id)
            .limit(at_once)
        )
        with db.read() as session:
            piece = [tuple(row) for row in session.execute(query)]
        if not piece:
            return
        yield piece
        after = piece[-1][:3]
