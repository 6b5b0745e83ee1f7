"""Has large batches read in a second process, so that two cores read and write at the same time.

On SQLite one process serves, and its one interpreter both reads batches and writes them: reading
beside it gives a tenth more events a second (docs/decisions/ingest-cost.md). The second process is
an accelerator and nothing else: whatever it does not do is done here.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Set
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog

from backend.api.ingest.beside import Beside
from backend.api.ingest.reading import read
from backend.domain.rollup import Rollup
from backend.services.ingest_batch import Batch, Countable, Reading, Terms

# A smaller body is read in a third of a millisecond: not worth the way there.
WORTH_BYTES: Final = 16 * 1024
_STOPPED_WITHIN_S: Final = 5.0

_log = structlog.get_logger()


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Reader:
    """Reads batches in this process; once `open`, large ones in another that it looks after.

    Args:
        processors: how many this process may use; one is not worth a second process.
        pause_s: how long after the end of one process the next may start.
    """

    def __init__(self, processors: int, pause_s: float = 5.0) -> None:
        self._processors = processors
        self._pause_s = pause_s
        self._is_open = False
        self._beside: Beside | None = None
        self._keeper: threading.Thread | None = None
        self._next_start = 0.0
        self._mutex = threading.Lock()

    def open(self) -> None:
        """Start a process with the next large batch, where there is a processor for it."""
        self._is_open = self._processors > 1

    def read(self, body: bytes, terms: Terms) -> Countable:
        """Return the batch in the inflated `body`.

        Raises:
            MalformedJsonError, InvalidRequestError, PayloadTooLargeError: as `reading.read`.
        """
        if self._is_open and len(body) >= WORTH_BYTES:
            beside = self._beside
            if beside is None:
                self._start()
            elif reading := beside.read(body, terms):
                return _ReadBeside(reading, partial(read, body, terms))
        return read(body, terms)

    def close(self) -> None:
        """End the second process, and start no other."""
        with self._mutex:
            self._is_open = False
            keeper, beside = self._keeper, self._beside
        if beside is not None:
            beside.end()
        if keeper is not None:
            keeper.join(_STOPPED_WITHIN_S)

    def _start(self) -> None:
        """Have a thread start the process and look after it; nobody waits for that."""
        with self._mutex:
            is_kept = self._keeper is not None and self._keeper.is_alive()
            if is_kept or not self._is_open or time.monotonic() < self._next_start:
                return
            self._keeper = threading.Thread(target=self._keep, name="batch-reader", daemon=True)
            self._keeper.start()

    def _keep(self) -> None:
        """Start the process, see that it gets ready, and bury it when it ends."""
        try:
            beside = Beside()
        except OSError as error:
            self._is_gone(reason=error.strerror)
            return
        with self._mutex:
            self._beside, is_open = beside, self._is_open
        if is_open and beside.gets_ready():
            _log.info("batch-reader-started", pid=beside.pid)
        else:
            beside.end()
        self._is_gone(status=beside.wait())

    def _is_gone(self, **why: str | int | None) -> None:
        self._beside, self._next_start = None, time.monotonic() + self._pause_s
        if self._is_open:
            _log.warning("batch-reader-gone", **why)


@dataclass(frozen=True, slots=True)
class _ReadBeside:
    """A batch of which only the reading came back: for what is rare it is read again, here."""

    reading: Reading
    again: Callable[[], Batch]

    def refusing(self, erased: Set[tuple[str, bool]]) -> Batch:
        return self.again().refusing(erased)

    def without(self, messages: set[str]) -> tuple[Rollup, dict[str, Any]]:
        return self.again().without(messages)
