"""The client: what a host application calls. No call blocks on the network, and none raises."""

from __future__ import annotations

import asyncio
import os
import time

from . import limits, processes
from .calls import EventCalls
from .configuration import problem_of
from .delivery import Delivery, Options
from .stats import OnDrop, Stats, log
from .transport import HttpTransport, Transport

_MIB = 1024 * 1024


class Client(EventCalls):
    """Sends events of one project; make one for the process and keep it.

    Thread-safe and fork-safe. Events wait in memory (or in the spool), a background thread sends
    them in batches; every method that takes an event returns at once with True when it was taken
    and False when not, and `stats()` accounts for each one.
    """

    def __init__(
        self,
        secret_key: str | None = None,
        *,
        host: str | None = None,
        on_drop: OnDrop | None = None,
        flush_at: int = limits.BATCH_EVENTS,
        flush_interval_s: float = 0.5,
        max_queue_events: int = 10_000,
        max_queue_bytes: int = 32 * _MIB,
        spool: str | os.PathLike[str] | None = None,
        gzip: bool = True,
        timeout_s: float = 10.0,
        exit_timeout_s: float = 2.0,
        enabled: bool = True,
        transport: Transport | None = None,
    ) -> None:
        """Never raises: with a wrong key or host it says so in the log and takes no events.

        Args:
            secret_key: `sk_…`; default the environment's ZEROTEN_SECRET_KEY.
            host: the server's address; default the environment's ZEROTEN_HOST.
            on_drop: called with (reason, count) for events that will not arrive.
            flush_at: events that make a batch, at most 500.
            flush_interval_s: how long an event waits for others.
            max_queue_events, max_queue_bytes: past these, new events are refused.
            spool: a folder in which waiting events survive the end of the process, even `kill -9`;
                processes may share it. Made when missing; POSIX only.
            gzip: compress on the wire.
            timeout_s: for connecting, and for each wait on the server.
            exit_timeout_s: how long the end of the process may be held up.
            enabled: False takes no events and starts no thread.
            transport: in place of HTTP; see `zeroten.testing`.
        """
        self._options = Options(
            on_drop=on_drop,
            flush_at=flush_at,
            flush_interval_s=flush_interval_s,
            max_queue_events=max_queue_events,
            max_queue_bytes=max_queue_bytes,
            spool=spool,
            gzip=gzip,
            exit_timeout_s=exit_timeout_s,
        )
        self._timeout_s = timeout_s
        self._secret_key = secret_key or os.environ.get("ZEROTEN_SECRET_KEY", "")
        self._host = host or os.environ.get("ZEROTEN_HOST", "")
        self._given_transport = transport
        self.enabled = enabled and self._is_configured()
        self._begin()
        processes.follow(self)
        if spool is not None and self.enabled:
            self._start()  # an earlier process may have left events

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Send what waits; True when all that was taken before this call has been stored.

        False when the time was not enough, or some of it was dropped or refused by the server.
        """
        return not self.enabled or self._delivery.flush(timeout_s)

    async def aflush(self, timeout_s: float = 10.0) -> bool:
        """`flush` for asyncio: waits in a thread, so the event loop goes on."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, self.flush, timeout_s)

    def close(self, timeout_s: float | None = None) -> bool:
        """Flush, stop the thread, take no more events; True when all was stored.

        What is not sent by then stays in the spool for the next start; without a spool it is
        dropped and counted. A second call does nothing.
        """
        return not self.enabled or self._delivery.close(timeout_s)

    def stats(self) -> Stats:
        """Return the account of all events so far."""
        return self._delivery.stats()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close(10.0)

    def _begin(self) -> None:
        self._delivery = Delivery(self._options, self._transport())
        # Looked up once: these run for every event.
        self._stamp = self._delivery.stamp
        self._encode = self._delivery.encoder.encode
        self._put = self._delivery.queue.put

    def _start(self) -> None:
        self._delivery.start(self)

    def _transport(self) -> Transport:
        if self._given_transport is not None:
            return self._given_transport
        host = self._host if self.enabled else "http://localhost"
        return HttpTransport(host, self._secret_key, timeout_s=self._timeout_s)

    def _is_configured(self) -> bool:
        if self._given_transport is not None:
            return True
        problem = problem_of(self._secret_key, self._host)
        if problem:
            log.error("zeroten: %s; no events are sent", problem)
        return not problem

    def close_at_exit(self, started: float) -> None:
        """Close within what is left of the budget since `started`: called by the interpreter."""
        if self.enabled:
            left_s = self._options.exit_timeout_s - (time.monotonic() - started)
            self._delivery.close(max(0.0, left_s))

    def after_fork_in_child(self) -> None:
        """Begin anew: called by the interpreter, not by hosts.

        A thread does not survive a fork, a lock may be held for ever in the copy, and what waits
        belongs to the parent, which will send it.
        """
        self._delivery.leave_in_child()
        self._begin()
