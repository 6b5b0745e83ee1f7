"""SCHEDULE: what runs in the background, and how often."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from backend.services import erasure, maintenance, pacing, profiles, retention
from backend.services.vault import Vault
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
    Job("pending-use", 3.0, maintenance.note_pending_use),
    Job("profiles", 1.0, profiles.compute_pending),
    Job("pacing", 600.0, pacing.run),
    Job("forget-batches", 600.0, maintenance.forget_old_batches),
    Job("retention", 3_600.0, retention.enforce),
)


def jobs(vault: Vault) -> tuple[Job, ...]:
    """Return the schedule with what needs the installation's keys."""
    return (*SCHEDULE, Job("erase-late", 60.0, partial(erasure.sweep_late, vault)))
