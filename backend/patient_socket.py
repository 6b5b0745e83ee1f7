"""A connection of which no thread waits for a request, nor for a reader while it can be helped."""

from __future__ import annotations

import errno
import re
import socket
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

READ_WITHIN_S: Final = 10.0
# A larger body is read in a thread: what waits here is in memory, for every connection.
MOST_HELD_BYTES: Final = 64 * 1024
_AT_ONCE: Final = 64 * 1024
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
_EXPECTS: Final = re.compile(rb"\r\nexpect:", re.IGNORECASE)
_QUESTION: Final = b"POST /v1/decide HTTP/1.1\r\n"
_ODD: Final = re.compile(rb"\r\n(?:expect|transfer-encoding|upgrade):", re.IGNORECASE)


class PatientSocket(socket.socket):
    """A connection that gathers a request before anybody waits for it."""

    held = b""
    gathered: list[bytes] | None = None
    _deadline: float | None = None

    @classmethod
    def taking_over(cls, connection: socket.socket) -> PatientSocket:
        """Return a socket that owns the descriptor of `connection`."""
        return cls(connection.family, connection.type, connection.proto, fileno=connection.detach())

    def begin_request(self) -> None:
        """Start the time of a request, unless it runs already."""
        if self._deadline is None:
            self._deadline = time.monotonic() + READ_WITHIN_S

    def has_request(self) -> bool:
        """Take in what has arrived; say whether there is something to do for a thread.

        That is a whole request, the end of the connection, or the end of its time.
        """
        if self.held and is_whole(self.held):
            return True
        try:
            while part := super().recv(_AT_ONCE, socket.MSG_DONTWAIT):
                self.held += part
                if is_whole(self.held):
                    return True
        except BlockingIOError:
            return time.monotonic() >= (self._deadline or 0.0)
        return True

    def holds_question(self) -> bool:
        """Say whether all of one question of a page is in memory, and nothing else."""
        held = self.held
        if not held.startswith(_QUESTION):
            return False
        end = held.find(b"\r\n\r\n")
        head = held[: end + 2]
        length = _LENGTH.search(head)
        return (
            length is not None and len(held) == end + 4 + int(length[1]) and not _ODD.search(head)
        )

    def gather(self) -> None:
        """Keep what is sent from now on, until `send_gathered`."""
        self.gathered = []

    def send_gathered(self) -> bytes:
        """Send what was gathered without waiting; return what is left of it."""
        gathered, self.gathered = b"".join(self.gathered or ()), None
        try:
            sent = self.send(gathered, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        return gathered[sent:]

    def sendall(self, data: ReadableBuffer, flags: int = 0) -> None:
        """Send all of `data`, or gather it."""
        if self.gathered is None:
            super().sendall(data, flags)
        else:
            self.gathered.append(bytes(data))

    def end_request(self) -> None:
        """Forget the time of the request that was served."""
        self._deadline = None

    def recv(self, *size: int) -> bytes:
        """Return what was gathered, all of it; then receive, within what is left of the time.

        Raises:
            TimeoutError: there is none left. The number makes gunicorn close without a traceback.
        """
        if self.held:
            held, self.held = self.held, b""
            return held
        try:
            left_s = (self._deadline or 0.0) - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            self.settimeout(left_s)
            return super().recv(*size)
        except TimeoutError:
            raise TimeoutError(errno.ECONNRESET, "the request did not arrive in time") from None
        finally:
            self.settimeout(None)


def is_whole(held: bytes) -> bool:
    """Say whether a thread need not wait for the rest of the request, or not for long."""
    end = held.find(b"\r\n\r\n")
    if end < 0:
        return len(held) > MOST_HELD_BYTES
    head = held[: end + 2]
    length = _LENGTH.search(head)
    if length is None or _EXPECTS.search(head):
        return True
    wanted = end + 4 + int(length[1])
    return len(held) >= wanted or wanted > MOST_HELD_BYTES
