"""One thread that answers the questions of pages, all that are there at the same moment together.

With a thread for each request a question cost 930 µs of the processor, most of it threads handing
the interpreter to each other. Here one thread reads what has arrived, has it decided about as one
group, and answers it, for 330 (docs/decisions/deciding-together.md). Whatever is odd, or would have
to wait for something of its own, goes the way of all requests.
"""

from __future__ import annotations

import selectors
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, NamedTuple

from gunicorn.http import wsgi  # type: ignore[import-untyped]
from gunicorn.workers.gthread import PollableMethodQueue  # type: ignore[import-untyped]

from backend.api.later import TAKES_LATER, Later
from backend.pace import Pace

# After so long without a question a connection waits where all do.
IDLE_S: Final = 1.0
# So many are begun before the first is answered.
MOST_AT_ONCE: Final = 64
# Who takes longer to read an answer holds a thread, of which there are few.
SENT_WITHIN_S: Final = 10.0


class _Call(NamedTuple):
    connection: Any
    response: Any
    answer: Iterable[bytes]


class Lane:
    """Serves connections of a worker while questions, and nothing else, arrive on them."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker
        self._poller = selectors.DefaultSelector()
        self._arrivals = PollableMethodQueue()
        self._arrivals.init()
        self._poller.register(self._arrivals.fileno(), selectors.EVENT_READ)
        self._last_used: dict[Any, float] = {}
        self._asking: list[Any] = []
        self._pace = Pace()

    def open(self) -> None:
        """Begin to serve, in a thread that ends with the process."""
        threading.Thread(target=self._run, name="lane", daemon=True).start()

    def is_open(self) -> bool:
        """Say whether questions are answered soon here: not while something is waited for."""
        return self._pace.is_good()

    def take(self, connection: Any) -> None:
        """Serve a connection that holds a question, and those that follow on it."""
        self._arrivals.defer(self._admit, connection)

    def _admit(self, connection: Any) -> None:
        self._poller.register(connection.sock, selectors.EVENT_READ, connection)
        self._last_used[connection] = time.monotonic()
        self._asking.append(connection)

    def _run(self) -> None:
        sweep_at = 0.0
        while True:
            try:
                self._serve_arrived()
                now = time.monotonic()
                if now >= sweep_at:
                    sweep_at = now + IDLE_S
                    self._sweep(now - IDLE_S)
            except Exception:  # whatever it is, the next questions want an answer
                self._worker.log.exception("the lane of questions goes on after a fault")

    def _serve_arrived(self) -> None:
        for key, _ in self._poller.select(IDLE_S):
            if key.data is None:
                self._arrivals.run_callbacks(None)
            else:
                self._read(key.data)
        asking, self._asking = self._asking, []
        for begin in range(0, len(asking), MOST_AT_ONCE):
            with self._pace.step():
                self._serve(asking[begin : begin + MOST_AT_ONCE])

    def _read(self, connection: Any) -> None:
        connection.sock.begin_request()
        try:
            is_question = connection.sock.has_request() and connection.sock.holds_question()
        except OSError:  # reset by the other side
            self._leave(connection, False)
            return
        if is_question and self.is_open():
            self._asking.append(connection)
        else:
            self._pass_on(connection)

    def _serve(self, connections: Sequence[Any]) -> None:
        calls = [call for each in connections if (call := self._begin(each))]
        for call in calls:
            try:
                self._finish(call)
            except OSError:  # whoever asked has gone
                self._leave(call.connection, False)
            except Exception as error:
                self._fail(call.connection, error)

    def _begin(self, connection: Any) -> _Call | None:
        """Hand a question to the application, which answers it when all are begun.

        Where one waited for a database that does not answer, those behind it go to threads.
        """
        if not self.is_open():
            self._pass_on(connection)
            return None
        worker = self._worker
        try:
            connection.init()
            request = next(connection.parser)
            connection.sock.gather()
            response, environ = wsgi.create(
                request, connection.sock, connection.client, connection.server, worker.cfg
            )
            environ |= {"wsgi.multithread": True, TAKES_LATER: True}
            if not worker.alive or len(self._last_used) > worker.max_keepalived:
                response.force_close()
            return _Call(connection, response, worker.wsgi(environ, response.start_response))
        except Exception as error:
            self._fail(connection, error)
            return None

    def _finish(self, call: _Call) -> None:
        if isinstance(call.answer, Later) and not call.answer.is_ready():
            self._in_thread(call)
            return
        _write(call)
        if unsent := call.connection.sock.send_gathered():
            self._in_thread(call, unsent)
        elif call.response.should_close():
            self._leave(call.connection, False)
        else:
            call.connection.parser.finish_body()
            call.connection.sock.end_request()
            self._last_used[call.connection] = time.monotonic()

    def _in_thread(self, call: _Call, unsent: bytes = b"") -> None:
        """Have a thread answer what takes time, or send the rest to whoever reads slowly."""
        self._forget(call.connection)
        worker = self._worker
        done = worker.tpool.submit(_answer_slowly, worker, call, unsent)
        done.add_done_callback(
            lambda done: worker.method_queue.defer(worker.finish_request, call.connection, done)
        )

    def _fail(self, connection: Any, error: Exception) -> None:
        """Tell of a fault of ours as gunicorn does, and close the connection."""
        connection.sock.gather()
        self._worker.handle_error(None, connection.sock, connection.client, error)
        with suppress(OSError):  # to whoever has gone
            connection.sock.send_gathered()
        self._leave(connection, False)

    def _sweep(self, before: float) -> None:
        for connection in [each for each, at in self._last_used.items() if at < before]:
            self._leave(connection, True)

    def _pass_on(self, connection: Any) -> None:
        """Leave what was read to a thread."""
        self._forget(connection)
        self._worker.method_queue.defer(self._worker.enqueue_req, connection)

    def _leave(self, connection: Any, is_kept: bool) -> None:
        """Give a connection back to the worker, to be kept or closed."""
        self._forget(connection)
        done: Future[bool] = Future()
        done.set_result(is_kept)
        self._worker.method_queue.defer(self._worker.finish_request, connection, done)

    def _forget(self, connection: Any) -> None:
        del self._last_used[connection]
        self._poller.unregister(connection.sock)


def _write(call: _Call) -> None:
    answer = call.answer.answer() if isinstance(call.answer, Later) else call.answer
    try:
        for part in answer:
            call.response.write(part)
        call.response.close()
    finally:
        if hasattr(answer, "close"):
            answer.close()


def _answer_slowly(worker: Any, call: _Call, unsent: bytes) -> bool:
    """Answer in a thread of its own; return whether to keep the connection."""
    socket = call.connection.sock
    try:
        if not unsent:
            _write(call)
        socket.settimeout(SENT_WITHIN_S)
        socket.sendall(unsent or socket.send_gathered())
        call.connection.parser.finish_body()
    except OSError:  # whoever asked has gone
        return False
    except Exception as error:
        socket.gathered = None
        worker.handle_error(None, socket, call.connection.client, error)
        return False
    finally:
        socket.end_request()
    return not call.response.should_close()
