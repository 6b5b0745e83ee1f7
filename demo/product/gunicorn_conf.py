"""How gunicorn runs the demo product."""

import os
from pathlib import Path

bind = os.environ["DEMO_BIND"]
worker_class = "gthread"
workers = 1
threads = 8
keepalive = 5
graceful_timeout = 3
accesslog = None
errorlog = "-"
_memory = Path("/dev/shm")  # noqa: S108 - gunicorn makes its own private file there
worker_tmp_dir = str(_memory) if _memory.is_dir() else None
