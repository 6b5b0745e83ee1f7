"""Whole messages over a socket between the server and the process that reads batches for it."""

from __future__ import annotations

import socket
from typing import Final

_LENGTH_BYTES: Final = 4


class Frames:
    """Sends and receives byte strings of any length over a connected socket.

    Args:
        within_s: how long to wait for the other side; None for ever.
    """

    def __init__(self, connected: socket.socket, within_s: float | None = None) -> None:
        self._socket = connected
        self.limit(within_s)
        self._stream = connected.makefile("rb", 1 << 16)

    def fileno(self) -> int:
        """Return the socket's, for a selector."""
        return self._socket.fileno()

    def limit(self, within_s: float | None) -> None:
        """Wait no longer than `within_s` for the other side from now on."""
        self._socket.settimeout(within_s)

    def send(self, *messages: bytes) -> None:
        """Send each message.

        Raises:
            OSError: the other side is gone, or not fast enough.
        """
        framed = ((len(each).to_bytes(_LENGTH_BYTES), each) for each in messages)
        self._socket.sendall(b"".join(part for pair in framed for part in pair))

    def receive(self) -> bytes:
        """Return the next message.

        Raises:
            EOFError: the other side is gone.
            OSError: it did not come in time.
        """
        return self._exactly(int.from_bytes(self._exactly(_LENGTH_BYTES)))

    def close(self) -> None:
        """Let the other side know that this one is gone."""
        self._stream.close()
        self._socket.close()

    def _exactly(self, length: int) -> bytes:
        found: bytes = self._stream.read(length)
        if len(found) < length:
            raise EOFError
        return found
