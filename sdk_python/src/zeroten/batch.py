"""A sealed batch: its key and its bytes are fixed, so every try sends the same thing.

The server remembers the key for seven days: a batch whose answer was lost can be sent again
without being counted twice.
"""

from __future__ import annotations

import contextlib
import zlib
from dataclasses import dataclass, field
from pathlib import Path

SEPARATOR = b",\n"


@dataclass(eq=False)
class Batch:
    """Events on their way: `events` is their JSON text joined by `SEPARATOR` until `pack` ran."""

    key: str
    count: int
    events: bytes = b""
    path: Path | None = None  # its file, when a spool keeps it
    body: bytes = b""
    is_gzip: bool = False
    tries: int = 0
    splits: int = 0
    # It holds message ids of the host's own: it goes without its key, for then the server also
    # looks for each message id in the last 24 hours.
    has_own_ids: bool = False
    parts: Parts | None = field(default=None, repr=False)

    @property
    def size(self) -> int:
        """Bytes it takes in memory."""
        return len(self.events) + len(self.body)

    @property
    def is_kept(self) -> bool:
        """Whether its events are in a file that the next process will find."""
        return self.path is not None or (self.parts is not None and self.parts.path is not None)

    def pack(self, gzip: bool) -> None:
        """Turn the events into the request's body; compressing releases the interpreter lock."""
        if self.body:
            return
        body = b'{"batch":[' + self.events + b"]}"
        self.body = gzipped(body) if gzip else body
        self.is_gzip = gzip
        self.events = b""

    def halves(self) -> list[Batch]:
        """Return two batches with keys of their own; right only when nothing of it was stored.

        The keys are derived, not drawn: after a restart the same halves get the same keys.
        """
        events = split_events(self.unpacked())
        middle = len(events) // 2
        parts = self.parts or Parts(left=1, path=self.path)
        parts.left += 1
        return [
            Batch(
                key=f"{self.key}.{number}",
                count=len(part),
                events=SEPARATOR.join(part),
                splits=self.splits + 1,
                has_own_ids=self.has_own_ids,
                parts=parts,
            )
            for number, part in enumerate((events[:middle], events[middle:]))
        ]

    def unpacked(self) -> bytes:
        """Return the events' text, whether packed or not."""
        if self.events or not self.body:
            return self.events
        body = zlib.decompress(self.body, 31) if self.is_gzip else self.body
        return body[len(b'{"batch":[') : -len(b"]}")]

    def settle(self) -> None:
        """Forget the file behind a batch that is done with; of halves, when the last one is."""
        path = self.path
        if self.parts is not None:
            self.parts.left -= 1
            path = self.parts.path if self.parts.left == 0 else None
        if path is not None:
            # A file that cannot be removed is sent again at the next start, under the same key.
            with contextlib.suppress(OSError):
                path.unlink()


@dataclass
class Parts:
    """What the halves of one spooled batch share: how many are left, and the file."""

    left: int
    path: Path | None


def gzipped(body: bytes) -> bytes:
    """Compress at level 1: 8 times smaller at 1.4 us an event; level 6 costs twice that."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def split_events(events: bytes) -> list[bytes]:
    """Cut the joined text back into events: JSON escapes every newline inside a string."""
    return events.split(SEPARATOR)
