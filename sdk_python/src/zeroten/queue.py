"""Where events wait: one open chunk that callers append to, and the sealed batches behind it."""

from __future__ import annotations

import threading
import time
from collections import deque

from . import limits
from .batch import SEPARATOR, Batch
from .spool import Spool, SpoolChunk
from .stats import log

_BATCH_BYTES = limits.BATCH_BYTES


class Chunk:
    """The open batch, in memory."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.count = 0
        self.size = 0
        self.has_own_ids = False
        self.since = time.monotonic()
        self._buffer = bytearray()

    def append(self, raw: bytes) -> int:
        """Add one event; return how many there are now."""
        self._buffer += raw + SEPARATOR
        self.size += len(raw) + 2
        self.count += 1
        return self.count

    def seal(self) -> Batch:
        """Return the batch as it will be sent."""
        events = bytes(self._buffer[: -len(SEPARATOR)])
        return Batch(self.key, self.count, events, has_own_ids=self.has_own_ids)

    def discard(self) -> None:
        """Forget a chunk in which nothing was put."""
        self._buffer.clear()


class Queue:
    """Bounded, thread-safe; the sender is woken once a chunk, not once an event."""

    def __init__(
        self,
        *,
        prefix: str,
        flush_at: int,
        max_events: int,
        max_bytes: int,
        spool: Spool | None = None,
    ) -> None:
        self.wake = threading.Event()
        self.settled = threading.Condition(threading.Lock())
        self._lock = threading.Lock()
        self._prefix = prefix
        self._flush_at = max(1, min(flush_at, limits.BATCH_EVENTS))
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._spool = spool
        self._has_said_spool = False
        self._chunk: Chunk | SpoolChunk | None = None
        self._sealed: deque[Batch] = deque()
        self._sealed_bytes = 0
        self._chunks = 0
        self._sealed_events = 0  # accepted in all, but for those in the open chunk
        self._room = 0  # events the open chunk may hold before the queue is full
        self._room_bytes = 0
        self.resolved = 0
        self.refusal = ""  # why nothing is taken at all: closed, or refused by the server

    @property
    def accepted(self) -> int:
        """Events taken since the start, adopted ones included."""
        with self._lock:
            return self._accepted()

    @property
    def waiting(self) -> int:
        """Events taken and not yet delivered, refused or given up."""
        return self.accepted - self.resolved

    @property
    def waiting_bytes(self) -> int:
        """Bytes in memory, compressed where the sender got to it."""
        chunk = self._chunk
        return self._sealed_bytes + (chunk.size if chunk else 0)

    def put(self, raw: bytes, has_own_id: bool = False) -> str:
        """Take one encoded event; return "" or the reason why not.

        `has_own_id`: its message id is the host's own, and may come again in another batch.
        """
        with self._lock:
            chunk = self._chunk
            if chunk is None:
                if self.refusal:
                    return self.refusal
                chunk = self._open()
            if chunk.count >= self._room or chunk.size + len(raw) > self._room_bytes:
                return "queue_full"
            count = chunk.append(raw)
            if has_own_id:
                chunk.has_own_ids = True
            if count >= self._flush_at or chunk.size >= _BATCH_BYTES:
                self._seal()
            elif count != 1:
                return ""
        self.wake.set()
        return ""

    def seal(self, older_than_s: float = 0.0) -> None:
        """Close the open chunk when it has waited that long."""
        with self._lock:
            chunk = self._chunk
            if chunk and chunk.count and time.monotonic() - chunk.since >= older_than_s:
                self._seal()

    def due_in_s(self, flush_interval_s: float) -> float | None:
        """Seconds until the open chunk must close; None when there is nothing in it."""
        chunk = self._chunk
        if chunk is None or not chunk.count:
            return None
        return max(0.0, chunk.since + flush_interval_s - time.monotonic())

    def head(self) -> Batch | None:
        """Return the batch to send next."""
        return self._sealed[0] if self._sealed else None

    def pack(self, gzip: bool) -> None:
        """Compress what is sealed, outside the lock: a backlog waits small."""
        for batch in list(self._sealed):
            if not batch.body and batch.events:
                before = batch.size
                batch.pack(gzip)
                with self._lock:
                    self._sealed_bytes += batch.size - before
                    self._make_room()

    def take_off(self, batch: Batch) -> bool:
        """Remove a batch whose fate is known, to be accounted for and then settled.

        False when `abandon` was faster: then its events have been accounted for already.
        """
        with self._lock:
            if batch not in self._sealed:
                return False
            self._sealed.remove(batch)
            self._sealed_bytes -= batch.size
            return True

    def settle(self, batch: Batch, *, keep: bool = False) -> None:
        """Tell whoever waits; last, so that `flush` finds the account complete.

        `keep` leaves the batch's file in the spool.
        """
        if not keep:
            batch.settle()
        with self._lock:
            self.resolved += batch.count
            self._make_room()
        self._tell()

    def abandon(self) -> tuple[int, int]:
        """Let go of all that waits; return how many events are lost, and how many are kept."""
        with self._lock:
            chunk, self._chunk = self._chunk, None
            kept = sum(batch.count for batch in self._sealed if batch.is_kept)
            lost = sum(batch.count for batch in self._sealed) - kept
            if chunk is not None and chunk.count:
                self._sealed_events += chunk.count
                kept += chunk.count if isinstance(chunk, SpoolChunk) else 0
                lost += 0 if isinstance(chunk, SpoolChunk) else chunk.count
            elif chunk is not None:
                chunk.discard()
            self._sealed.clear()
            self._sealed_bytes = 0
            self.resolved += lost + kept
        self._tell()
        return lost, kept

    def replace(self, batch: Batch, parts: list[Batch]) -> None:
        """Put the halves where the batch was."""
        with self._lock:
            if batch not in self._sealed:
                return
            self._sealed.remove(batch)
            self._sealed.extendleft(reversed(parts))
            self._sealed_bytes += sum(part.size for part in parts) - batch.size
            self._make_room()

    def adopt(self, batches: list[Batch]) -> None:
        """Put batches that an earlier process left behind in front."""
        with self._lock:
            self._sealed.extendleft(reversed(batches))
            self._sealed_bytes += sum(batch.size for batch in batches)
            self._sealed_events += sum(batch.count for batch in batches)
            self._make_room()

    def wait_for(self, resolved: int, deadline: float) -> bool:
        """Wait until that many events are resolved in all; False when the time is over first."""
        with self.settled:
            while self.resolved < resolved:
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return False
                self.settled.wait(left_s)
        return True

    def refuse(self, reason: str) -> None:
        """Take no more events ("" takes them again)."""
        with self._lock:
            self.refusal = reason
            if self._chunk is not None and self._chunk.count:
                self._seal()  # put() looks at the refusal only where it opens a chunk
            elif self._chunk is not None:
                self._chunk.discard()
                self._chunk = None

    def _tell(self) -> None:
        with self.settled:
            self.settled.notify_all()

    def _accepted(self) -> int:
        return self._sealed_events + (self._chunk.count if self._chunk else 0)

    def _make_room(self) -> None:
        # Kept beside, not computed for every event.
        self._room = self._max_events - (self._sealed_events - self.resolved)
        self._room_bytes = self._max_bytes - self._sealed_bytes

    def _open(self) -> Chunk | SpoolChunk:
        self._chunks += 1
        key = f"{self._prefix}.{self._chunks}"
        self._chunk = self._spooled(key) or Chunk(key)
        self._make_room()
        return self._chunk

    def _spooled(self, key: str) -> SpoolChunk | None:
        if self._spool is None:
            return None
        try:
            return self._spool.open_chunk(key)
        except OSError as error:
            if not self._has_said_spool:
                self._has_said_spool = True
                log.error("zeroten: the spool fails, events wait in memory: %s", error)
            return None

    def _seal(self) -> None:
        assert self._chunk is not None
        batch = self._chunk.seal()
        self._sealed.append(batch)
        self._sealed_bytes += batch.size
        self._sealed_events += batch.count
        self._chunk = None
