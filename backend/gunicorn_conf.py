"""How gunicorn runs us: threads in one process when embedded, several processes on PostgreSQL."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

from backend import server_lock
from backend.config import Config
from backend.jobs.worker import start_in_process
from backend.shares import Shares

_config = Config.from_env()

bind = f"{_config.host}:{_config.port}"
worker_class = "backend.web_worker.Worker"
workers = 1 if _config.is_embedded else max(2, _config.processes)
threads = _config.threads
keepalive = 15
timeout = 30
graceful_timeout = 10
limit_request_line = 8_190
limit_request_fields = 100
limit_request_field_size = 16_384
accesslog = None
errorlog = "-"
logger_class = "backend.server_log.Logger"
loglevel = _config.log_level.lower()
# It would be made in the home folder, one for all servers of a user.
control_socket_disable = True
# The heartbeat file belongs in memory: on a busy disk its update could wait for an fsync.
_memory = Path("/dev/shm")  # noqa: S108 - gunicorn makes its own private file there
worker_tmp_dir = str(_memory) if _memory.is_dir() else None
# One worker alone has nobody to share with.
_shares = Shares(workers) if workers > 1 else None


def on_starting(_server: Any) -> None:
    """Refuse to be the second server on one SQLite file, and bring the tables up to date."""
    server_lock.prepare(_config)


def pre_fork(_server: Any, worker: Any) -> None:
    """Give a new worker its place among the counts of connections."""
    worker.share = _shares and _shares.begin()


def child_exit(_server: Any, worker: Any) -> None:
    """Empty the place of a worker that has ended, however it did."""
    if worker.share is not None:
        worker.share.end()


def post_worker_init(worker: Any) -> None:
    """Start the jobs in the process that serves, once it is forked."""
    # What start-up made stays for good: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    # A thread that waits for the interpreter gets it within a millisecond, not five.
    sys.setswitchinterval(0.001)
    # With limits in Redis, to begin with a question is to wait for it: each has a thread for that.
    if not _config.redis_url:
        worker.open_lane()
    # Several processes have several interpreters already.
    if _config.is_embedded:
        worker.app.callable.extensions["zeroten"].reader.open()
    start_in_process(worker.app.callable)


def worker_exit(_server: Any, worker: Any) -> None:
    """Let the writer finish what waits before the process ends."""
    state = worker.app.callable.extensions["zeroten"]
    state.reader.close()
    state.db.close()
