"""Forks and exits: what a client must do when its process splits or ends."""

from __future__ import annotations

import atexit
import os
import sys
import time
import weakref
from typing import Protocol

# Children of multiprocessing (and of billiard, Celery's copy) end by os._exit, without atexit; at
# the end of a process they run the finalizers registered here. Celery's pool skips these too, but
# sends a signal.
_FINALIZERS = ("multiprocessing.util", "billiard.util")
_CELERY_SIGNALS = "celery.signals"


class Lives(Protocol):
    """What a client offers to this module."""

    def close_at_exit(self, started: float) -> None: ...
    def after_fork_in_child(self) -> None: ...


_all: weakref.WeakSet[Lives] = weakref.WeakSet()


def follow(client: Lives) -> None:
    """Tell `client` about forks and about the end of the process, for as long as it lives."""
    _all.add(client)


def close_with_pool_child(client: Lives) -> None:
    """In a child of multiprocessing or of Celery: close `client` when the child ends."""
    reference = weakref.ref(client)

    def close(*_: object, **__: object) -> None:
        alive = reference()
        if alive is not None:
            alive.close_at_exit(time.monotonic())

    for name in _FINALIZERS:
        util = sys.modules.get(name)
        if util is not None:
            # With a priority it runs at the exit of a child; 10 is before pools and queues go.
            util.Finalize(None, close, exitpriority=10)
    signals = sys.modules.get(_CELERY_SIGNALS)
    if signals is not None:
        signals.worker_process_shutdown.connect(close, weak=False)


def _after_fork_in_child() -> None:
    for client in list(_all):
        client.after_fork_in_child()


def _close_all() -> None:
    started = time.monotonic()  # one budget for all of them
    for client in list(_all):
        client.close_at_exit(started)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_close_all)
