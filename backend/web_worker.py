"""gunicorn's threaded worker, in which a slow sender keeps no thread and questions share one.

gunicorn 27 keeps a thread 5 s for the first byte of a connection and without end for the others,
so eight connections that say no more would hold all eight threads. Here a connection goes back to
the poller until its request is there, and one request may take `READ_WITHIN_S` to arrive.
"""

from __future__ import annotations

from typing import Any, Final

from gunicorn.workers.gthread import _DEFER, ThreadWorker  # type: ignore[import-untyped]

from backend.lane import Lane
from backend.patient_socket import PatientSocket

# A thread has left the connection to the lane.
_IN_LANE: Final = object()


class Worker(ThreadWorker):  # type: ignore[misc]
    """The threaded worker on patient sockets."""

    lane: Lane | None = None

    def open_lane(self) -> None:
        """Answer the questions of pages together from now on."""
        self.lane = Lane(self)
        self.lane.open()

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection in a thread, or let it wait for the rest of it."""
        if not isinstance(conn.sock, PatientSocket):
            conn.sock = PatientSocket.taking_over(conn.sock)
        conn.sock.begin_request()
        # What the parser read ahead comes first: a request behind another on the same connection.
        read_ahead = conn.parser is not None and conn.parser.unreader.buf.getvalue()
        if not read_ahead and not conn.sock.has_request():
            return _DEFER
        is_question = not read_ahead and conn.sock.holds_question()
        if self.lane is not None and is_question and self.lane.is_open():
            self.lane.take(conn)
            return _IN_LANE
        conn.data_ready = True
        try:
            return super().handle(conn)
        finally:
            conn.sock.end_request()

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Keep, close or let wait a connection that a thread is done with."""
        if fs.cancelled() or fs.exception() or fs.result() is not _IN_LANE:
            super().finish_request(conn, fs)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Any) -> None:
        """Answer a request that cannot be parsed; no address goes to the log."""
        super().handle_error(req, client, ("(not kept)", 0), exc)
