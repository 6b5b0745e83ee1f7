"""gunicorn's threaded worker, in which a slow sender keeps no thread.

gunicorn 27 keeps a thread 5 s for the first byte of a connection and without end for the others,
so eight connections that say no more would hold all eight threads. Here a connection goes back to
the poller until its request is there, and one request may take `READ_WITHIN_S` to arrive.
"""

from __future__ import annotations

import errno
import re
import socket
import time
from typing import Any, Final

from gunicorn.workers.gthread import _DEFER, ThreadWorker  # type: ignore[import-untyped]

READ_WITHIN_S: Final = 10.0
# A larger body is read in a thread: what waits here is in memory, for every connection.
MOST_HELD_BYTES: Final = 64 * 1024
_AT_ONCE: Final = 64 * 1024
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
_EXPECTS: Final = re.compile(rb"\r\nexpect:", re.IGNORECASE)


class PatientSocket(socket.socket):
    """A connection that gathers a request before anybody waits for it."""

    _held = b""
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
        try:
            while part := super().recv(_AT_ONCE, socket.MSG_DONTWAIT):
                self._held += part
                if is_whole(self._held):
                    return True
        except BlockingIOError:
            return time.monotonic() >= (self._deadline or 0.0)
        return True

    def end_request(self) -> None:
        """Forget the time of the request that was served."""
        self._deadline = None

    def recv(self, *size: int) -> bytes:
        """Return what was gathered, all of it; then receive, within what is left of the time.

        Raises:
            TimeoutError: there is none left. The number makes gunicorn close without a traceback.
        """
        if self._held:
            held, self._held = self._held, b""
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


class Worker(ThreadWorker):  # type: ignore[misc]
    """The threaded worker on patient sockets."""

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection in a thread, or let it wait for the rest of it."""
        if not isinstance(conn.sock, PatientSocket):
            conn.sock = PatientSocket.taking_over(conn.sock)
        conn.sock.begin_request()
        # What the parser read ahead comes first: a request behind another on the same connection.
        read_ahead = conn.parser is not None and conn.parser.unreader.buf.getvalue()
        if not read_ahead and not conn.sock.has_request():
            return _DEFER
        conn.data_ready = True
        try:
            return super().handle(conn)
        finally:
            conn.sock.end_request()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Any) -> None:
        """Answer a request that cannot be parsed; no address goes to the log."""
        super().handle_error(req, client, ("(not kept)", 0), exc)
