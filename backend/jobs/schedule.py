"""SCHEDULE: what runs in the background, and how often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from backend.services import maintenance, pacing, profiles, retention
from backend.storage.db import Database
from backend.storage.usage.store import UsageStore


class Job(NamedTuple):
    """A piece of background work; idempotent, so that running it twice does nothing twice.

    `run` gets the main database and the usage store, and returns how much it did.
    """

    name: str
    every_s: float
    run: Callable[[Database, UsageStore], int]


SCHEDULE: Final = (
    Job("usage-outbox", 0.5, maintenance.settle_usage),
    Job("profiles", 1.0, profiles.compute_pending),
    Job("pacing", 600.0, pacing.run),
    Job("forget-batches", 600.0, maintenance.forget_old_batches),
    Job("retention", 3_600.0, retention.enforce),
)
