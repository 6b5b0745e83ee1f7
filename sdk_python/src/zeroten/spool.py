"""A folder in which waiting events outlive the process, `kill -9` included.

Each open batch is a mapped file: what `track()` copied into it is in the page cache, so it stays
when the process dies; only a power loss can take it. The file holds the events' text, each ended
by `SEPARATOR`, then zeros. JSON has no zero bytes, so a copy cut off by the end of the process
shows, whatever order its bytes were written in.

Every process has a folder of its own with a locked file in it. The lock goes when the process
goes; then the next one to start takes the events over, with the batch keys they had, so that a
batch whose answer was lost is not counted twice.
"""

from __future__ import annotations

import json
import mmap
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import limits
from .batch import SEPARATOR, Batch

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# An event may begin below the batch's bound and end above it.
_FILE_BYTES = limits.BATCH_BYTES + limits.MAX_EVENT_BYTES + len(SEPARATOR)

_PROCESS_FOLDER = re.compile("[0-9a-f]{16}")

# The server remembers batch keys for seven days; after that a batch could count twice.
MAX_AGE_S = 7 * 86_400


class SpoolChunk:
    """The open batch, in a mapped file; takes the place of `queue.Chunk`."""

    def __init__(self, key: str, path: Path) -> None:
        """Raises OSError when the file cannot be made, or the disk is full."""
        self.key = key
        self.count = 0
        self.size = 0
        self.has_own_ids = False
        self.since = time.monotonic()
        self.path = path
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            # All blocks now: writing into a hole of a full disk would end the process (SIGBUS).
            _allocate(fd)
            self._map = mmap.mmap(fd, _FILE_BYTES)
        except OSError:
            path.unlink()
            raise
        finally:
            os.close(fd)

    def append(self, raw: bytes) -> int:
        """Add one event; return how many there are now."""
        end = self.size + len(raw) + 2
        self._map[self.size : end] = raw + SEPARATOR
        self.size = end
        self.count += 1
        return self.count

    def seal(self) -> Batch:
        """Return the batch as it will be sent; the file stays."""
        events = self._map[: self.size - len(SEPARATOR)]
        self._map.close()
        return Batch(self.key, self.count, events, path=self.path, has_own_ids=self.has_own_ids)

    def discard(self) -> None:
        """Remove the file of a batch in which nothing was put."""
        self._map.close()
        self.path.unlink(missing_ok=True)


class Spool:
    """The folder `root`, shared by any number of processes of one project."""

    def __init__(self, root: str | os.PathLike[str], name: str) -> None:
        """`name` is the process's own folder; it is made with the first batch."""
        self._root = Path(root)
        self._own = self._root / name
        self._locks: dict[Path, int] = {}

    def open_chunk(self, key: str) -> SpoolChunk:
        """Begin a batch. Raises OSError when the folder cannot be used."""
        if self._own not in self._locks:
            self._make_own()
        return SpoolChunk(key, self._own / f"{key}.events")

    def adopt(self) -> Iterator[Batch]:
        """Take over what ended processes left, the oldest of each first.

        The folders stay locked, so that no other process takes the same, until `close`.
        Raises OSError when the folder cannot be read.
        """
        if not self._root.is_dir():
            return
        for folder in sorted(self._root.iterdir()):
            is_ours = _PROCESS_FOLDER.fullmatch(folder.name)
            if not is_ours or folder in self._locks or not self._lock(folder):
                continue
            for path in sorted(folder.glob("*.events"), key=_made_at):
                batch = read_batch(path)
                if batch.count:
                    yield batch
                else:
                    path.unlink()

    def close(self) -> None:
        """Let go of the folders; those with nothing left in them are removed."""
        for folder, fd in self._locks.items():
            if not any(folder.glob("*.events")):
                (folder / "lock").unlink(missing_ok=True)
                _remove_if_empty(folder)
            os.close(fd)
        self._locks.clear()

    def leave_in_child(self) -> None:
        """Drop the parent's locks from a forked child; the parent keeps holding them."""
        for fd in self._locks.values():
            os.close(fd)
        self._locks.clear()

    def _make_own(self) -> None:
        if fcntl is None:
            raise OSError("a spool needs POSIX file locks")
        # Locked before it gets its name: else a process that starts just now could adopt it.
        unnamed = self._root / f".{self._own.name}"
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        unnamed.mkdir(mode=0o700, exist_ok=True)
        if not self._lock(unnamed):
            raise OSError(f"cannot lock {unnamed}")
        unnamed.rename(self._own)
        self._locks[self._own] = self._locks.pop(unnamed)

    def _lock(self, folder: Path) -> bool:
        try:
            fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return False  # no folder, or its owner has just removed it
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            return False
        self._locks[folder] = fd
        return True


def _allocate(fd: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, _FILE_BYTES)
    else:  # macOS
        os.write(fd, bytes(_FILE_BYTES))


def read_batch(path: Path) -> Batch:
    """Read a batch back; a last record that was not finished is left out."""
    records = path.read_bytes().rstrip(b"\0").split(SEPARATOR)
    ids = [_message_id(record) for record in records]
    good = [record for record, message_id in zip(records, ids) if message_id]
    key = path.name[: -len(".events")]
    prefix = key.partition(".")[0] + "-"
    return Batch(
        key,
        len(good),
        SEPARATOR.join(good),
        path=path,
        has_own_ids=any(one and not one.startswith(prefix) for one in ids),
    )


def has_expired(batch: Batch) -> bool:
    """Say whether the batch is older than the server's memory of batch keys."""
    return batch.path is not None and time.time() - _made_at(batch.path) > MAX_AGE_S


def _message_id(record: bytes) -> str:
    """Return the event's message id; "" when the record is torn."""
    if not record or b"\0" in record:
        return ""
    try:
        value: Any = json.loads(record)
        return str(value["messageId"])
    except (ValueError, KeyError, TypeError):
        return ""


def _made_at(path: Path) -> float:
    # Writing through a map need not change the time of the file, making it does.
    return path.stat().st_mtime


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # another process has just put its lock into it
