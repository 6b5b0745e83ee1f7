"""SCHEDULE: what runs in the background, and how often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from backend.services import maintenance, profiles
from backend.storage.db import Database


class Job(NamedTuple):
    """A piece of background work; idempotent, so that running it twice does nothing twice."""

    name: str
    every_s: float
    run: Callable[[Database], int]


SCHEDULE: Final = (
    Job("profiles", 1.0, profiles.compute_pending),
    Job("forget-batches", 600.0, maintenance.forget_old_batches),
)
