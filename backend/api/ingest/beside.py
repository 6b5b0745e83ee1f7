"""The process that reads batches beside the server, as the server sees it."""

from __future__ import annotations

import pickle
import socket
import subprocess
import sys
import threading
from typing import Final

from backend.api.ingest.frames import Frames
from backend.domain.errors import DomainError
from backend.services.ingest_batch import Reading, Terms

# As many requests may wait for it as the server has threads by default; the next is read at home.
CONNECTIONS: Final = 8
READY_WITHIN_S: Final = 20.0
# Of the largest batch it takes some 30 ms, of eight in a row a quarter of a second.
ANSWER_WITHIN_S: Final = 2.0


class Beside:
    """One process, from its start to its end.

    Raises:
        OSError: it could not be started.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._is_ready = False
        pairs = [socket.socketpair() for _ in range(CONNECTIONS)]
        self._free = [Frames(ours, READY_WITHIN_S) for ours, _ in pairs]
        numbers = [theirs.fileno() for _, theirs in pairs]
        command = [sys.executable, "-m", "backend.api.ingest.reader_process", *map(str, numbers)]
        try:
            # In a process group of its own: Ctrl-C is for the server, which ends it.
            self._process = subprocess.Popen(  # noqa: S603 - these very words, no shell
                command, pass_fds=numbers, stdin=subprocess.DEVNULL, process_group=0
            )
        except OSError:
            self._close_free()
            raise
        finally:
            for _, theirs in pairs:
                theirs.close()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def gets_ready(self) -> bool:
        """Wait until the process has imported what it needs; say whether it came to that."""
        try:
            self._free[0].receive()
        except (OSError, EOFError):
            return False
        for each in self._free:
            each.limit(ANSWER_WITHIN_S)
        self._is_ready = True
        return True

    def read(self, body: bytes, terms: Terms) -> Reading | None:
        """Return what the batch says; None when that is to be found out here.

        Raises:
            DomainError: what is wrong with the batch.
        """
        with self._mutex:
            if not self._is_ready or not self._free:
                return None
            connection = self._free.pop()
        try:
            connection.send(pickle.dumps(terms), body)
            told: Reading | DomainError | None = pickle.loads(connection.receive())  # noqa: S301
        except (OSError, EOFError):
            # Dead or hanging. A late answer must not be taken for that to the next question.
            connection.close()
            self.end()
            return None
        self._give_back(connection)
        if isinstance(told, DomainError):
            raise told
        return told

    def end(self) -> None:
        """Kill the process: it holds nothing."""
        self._process.kill()

    def wait(self) -> int:
        """Return the status of the process when it has ended."""
        status = self._process.wait()
        with self._mutex:
            self._is_ready = False
            self._close_free()
        return status

    def _give_back(self, connection: Frames) -> None:
        with self._mutex:
            if self._is_ready:
                self._free.append(connection)
            else:
                connection.close()

    def _close_free(self) -> None:
        while self._free:
            self._free.pop().close()
