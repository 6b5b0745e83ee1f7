"""One process's way from an encoded event to the server: queue, spool, ledger and sender.

A forked child gets a new one; nothing in it can be shared with the parent.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass

from . import limits, processes
from .encoding import Encoder, Stamp
from .queue import Queue
from .sender import Sender
from .spool import Spool
from .stats import Ledger, OnDrop, Stats
from .transport import Transport


@dataclass(frozen=True)
class Options:
    """What `Client` was given; see there."""

    on_drop: OnDrop | None = None
    flush_at: int = limits.BATCH_EVENTS
    flush_interval_s: float = 0.5
    max_queue_events: int = 10_000
    max_queue_bytes: int = 32 * 1024 * 1024
    spool: str | os.PathLike[str] | None = None
    gzip: bool = True
    exit_timeout_s: float = 2.0


class Delivery:
    """Takes events at once and delivers them from a thread of its own."""

    def __init__(self, options: Options, transport: Transport) -> None:
        self.stamp = Stamp()
        self.encoder = Encoder()
        self.ledger = Ledger(options.on_drop)
        self._options = options
        self._spool = Spool(options.spool, self.stamp.prefix) if options.spool else None
        self.queue = Queue(
            prefix=self.stamp.prefix,
            flush_at=options.flush_at,
            max_events=options.max_queue_events,
            max_bytes=options.max_queue_bytes,
            spool=self._spool,
        )
        self._sender = Sender(
            self.queue,
            transport,
            self.ledger,
            flush_interval_s=options.flush_interval_s,
            gzip=options.gzip,
            spool=self._spool,
        )
        self._start_lock = threading.Lock()
        self.has_thread = False

    def start(self, owner: processes.Lives) -> None:
        """Start the sender, once; `owner` is closed at the end of a pool's child."""
        with self._start_lock:
            if self.has_thread:
                return
            try:
                self._sender.start()
            except RuntimeError:
                return  # the interpreter is going down; close() sends from its own thread
            self.has_thread = True
        processes.close_with_pool_child(owner)

    def flush(self, timeout_s: float) -> bool:
        """Send what waits; True when all of it was stored in time."""
        if self._sender.is_current_thread:
            return self.queue.waiting == 0  # called from on_drop: waiting would be for ever
        deadline = time.monotonic() + timeout_s
        if self._sender.is_running:
            self._sender.wait_for_spool(deadline)
        lost_before = self.ledger.lost
        target = self.queue.accepted
        if self._sender.is_running:
            self._sender.hurry()
        else:
            self._sender.drain(deadline)
        is_settled = self.queue.wait_for(target, deadline)
        return is_settled and self.ledger.lost == lost_before

    def close(self, timeout_s: float | None) -> bool:
        """Flush, stop; what is left stays in the spool, or is dropped and counted."""
        if self.queue.refusal == "closed":
            return self.queue.waiting == 0
        self.queue.refuse("closed")
        is_done = self.flush(self._options.exit_timeout_s if timeout_s is None else timeout_s)
        self._sender.stop()
        lost, kept = self.queue.abandon()
        self.ledger.kept += kept
        if lost:
            self.ledger.drop("closed", lost)
        if self._spool is not None:
            self._spool.close()
        return is_done

    def stats(self) -> Stats:
        """Return the account of all events so far."""
        queue, ledger = self.queue, self.ledger
        return Stats(
            called=queue.accepted - ledger.recovered + ledger.refused_calls,
            recovered=ledger.recovered,
            stored=ledger.stored,
            duplicates=ledger.duplicates,
            rejected=ledger.rejected,
            dropped=ledger.dropped,
            waiting=queue.waiting,
            kept=ledger.kept,
            waiting_bytes=queue.waiting_bytes,
            coerced=self.encoder.coerced,
            requests=ledger.requests,
            retries=ledger.retries,
        )

    def leave_in_child(self) -> None:
        """Let go, in a forked child, of what the parent still uses."""
        if self._spool is not None:
            self._spool.leave_in_child()
