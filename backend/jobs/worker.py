"""Runs the schedule: in a thread of the server when embedded, else in a process of its own."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence
from typing import Final

import structlog
from flask import Flask
from sqlalchemy.exc import OperationalError

from backend.config import Config
from backend.domain.errors import ShuttingDownError, StorageUnavailableError
from backend.jobs.schedule import Job, jobs
from backend.logs import configure
from backend.services.vault import Vault
from backend.storage.db import Database
from backend.storage.leases import lease
from backend.storage.usage.opening import open_usage
from backend.storage.usage.store import UsageStore

log = structlog.get_logger()

TICK_S: Final = 0.25


def run(config: Config) -> None:
    """Run jobs until SIGTERM or Ctrl-C."""
    configure(config.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    db = Database(config.url, pool_size=2)
    usage = open_usage(config.usage_url)
    schedule = jobs(Vault.open(config.encryption_keys, config.data_dir))
    log.info("worker-started", jobs=[job.name for job in schedule])
    work(db, usage, stop, schedule)
    usage.close()
    db.close()


def start_in_process(app: Flask) -> threading.Thread | None:
    """Start the jobs beside the server, when this configuration has them there."""
    state = app.extensions["zeroten"]
    if not state.config.runs_jobs:
        return None
    thread = threading.Thread(
        target=work,
        args=(state.db, state.usage, threading.Event(), jobs(state.vault)),
        name="jobs",
        daemon=True,
    )
    thread.start()
    return thread


def work(db: Database, usage: UsageStore, stop: threading.Event, schedule: Sequence[Job]) -> None:
    """Run each job when it is due, until `stop` is set."""
    due = {job.name: 0.0 for job in schedule}
    while not stop.wait(TICK_S):
        for job in schedule:
            now = time.monotonic()
            if now >= due[job.name] and not stop.is_set():
                due[job.name] = now + job.every_s
                run_once(db, usage, job)


def run_once(db: Database, usage: UsageStore, job: Job) -> int:
    """Run one job if nobody else does; its failure is logged and tried again when next due."""
    try:
        with lease(db, job.name) as held:
            done = job.run(db, usage) if held else 0
    except (StorageUnavailableError, OperationalError):
        log.warning("job-waits-for-storage", job=job.name)
        return 0
    except ShuttingDownError:
        log.info("job-ends-with-server", job=job.name)
        return 0
    except Exception:
        log.exception("job-failed", job=job.name)
        return 0
    if done:
        log.debug("job-done", job=job.name, done=done)
    return done
