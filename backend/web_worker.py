"""gunicorn's threaded worker: slow senders keep no thread, questions share one, all workers work.

gunicorn 27 keeps a thread 5 s for the first byte of a connection and without end for the others,
so eight connections that say no more would hold all eight threads. Here a connection goes back to
the poller until its request is there, and one request may take `READ_WITHIN_S` to arrive.
"""

from __future__ import annotations

import time
from typing import Any, Final

from gunicorn.workers.gthread import _DEFER, ThreadWorker  # type: ignore[import-untyped]

from backend.lane import Lane
from backend.patient_socket import PatientSocket
from backend.shares import WAIT_S, Share

# A thread has left the connection to the lane.
_IN_LANE: Final = object()


class Worker(ThreadWorker):  # type: ignore[misc]
    """The threaded worker on patient sockets."""

    lane: Lane | None = None
    # Where several workers listen; the master sets it before it forks.
    share: Share | None = None

    def open_lane(self) -> None:
        """Answer the questions of pages together from now on."""
        self.lane = Lane(self)
        self.lane.open()

    def accept(self, listener: Any) -> None:
        """Take a connection that waits, unless a worker that has fewer does so first."""
        share, had = self.share, self.nr_conns
        if share is None or not share.has_more(had):
            super().accept(listener)
        else:
            time.sleep(WAIT_S)
            super().accept(listener)
            share.waited(in_vain=self.nr_conns > had)
        self._tell_share()

    def notify(self) -> None:
        """Tell the master once a turn of the loop that we live, and the others what we have.

        Connections end within a turn, so the count is right whenever a worker waits for the next.
        """
        super().notify()
        self._tell_share()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take connections or, full or about to end, leave them to the others."""
        super().set_accept_enabled(enabled)
        self._tell_share()

    def _tell_share(self) -> None:
        if self.share is not None:
            self.share.tell(self.nr_conns if self._accepting else None)

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
