"""The background thread: closes chunks, compresses them, sends them, waits out the server."""

from __future__ import annotations

import threading
import time

from . import retry
from .batch import Batch
from .queue import Queue
from .spool import Spool, has_expired
from .stats import Ledger, log
from .transport import Reply, Transport

# After a refused key or a redirect nothing is sent for this long; then one batch tries again.
HALT_S = 300.0

# Ends the longest sleep, so that drops are logged and a halt ends without a new event.
_TICK_S = 30.0

# An outage this long is worth a line in the log, once.
_OUTAGE_S = 60.0


class Sender:
    """Sends the queue's batches one after another; the only user of the transport."""

    def __init__(
        self,
        queue: Queue,
        transport: Transport,
        ledger: Ledger,
        *,
        flush_interval_s: float,
        gzip: bool,
        spool: Spool | None = None,
    ) -> None:
        self._queue = queue
        self._transport = transport
        self._ledger = ledger
        self._flush_interval_s = flush_interval_s
        self._gzip = gzip
        self._spool = spool
        self._failures = 0
        self._failing_since = 0.0
        self._has_said_outage = False
        self._not_before = 0.0
        self._obeys_server = False  # waiting because the server asked, not by our own choice
        self._halted_until = 0.0
        self._has_said_halt = False
        self._is_stopping = False
        self._in_use = threading.Lock()
        self._thread: threading.Thread | None = None
        self._has_adopted = threading.Event()

    def start(self) -> None:
        """Start the thread. Raises RuntimeError when the interpreter is going down."""
        self._thread = threading.Thread(target=self._run, name="zeroten-sender", daemon=True)
        self._thread.start()

    @property
    def is_current_thread(self) -> bool:
        return self._thread is threading.current_thread()

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def hurry(self) -> None:
        """Send what is there now, without the pause we chose ourselves after a failure."""
        self._queue.seal()
        if not self._obeys_server:
            self._not_before = 0.0
        self._queue.wake.set()

    def wait_for_spool(self, deadline: float) -> None:
        """Wait until what an earlier process left behind is in the queue."""
        self._has_adopted.wait(max(0.0, deadline - time.monotonic()))

    def stop(self) -> None:
        """End the thread after the try it is in."""
        self._is_stopping = True
        self._queue.wake.set()

    def drain(self, deadline: float) -> None:
        """Send from the calling thread, where no thread can be started any more."""
        self._queue.seal()
        while self._queue.head() is not None and time.monotonic() < deadline:
            self._step()
            if self._failures:
                break
        self._transport.close()

    def _run(self) -> None:
        self._adopt()
        self._has_adopted.set()
        while not self._is_stopping:
            self._queue.wake.wait(self._pause_s())
            self._queue.wake.clear()
            try:
                self._queue.seal(older_than_s=self._flush_interval_s)
                self._step()
                self._ledger.log_due()
            except Exception:
                # The thread must outlive any mistake of ours: without it all events are lost.
                log.debug("zeroten: sender", exc_info=True)
                self._not_before = time.monotonic() + retry.CAP_S
        self._transport.close()

    def _adopt(self) -> None:
        if self._spool is None:
            return
        batches: list[Batch] = []
        try:
            for batch in self._spool.adopt():
                batch.pack(self._gzip)  # one by one: a long backlog must not be in memory whole
                batches.append(batch)
        except OSError as error:
            log.error("zeroten: the spool cannot be read: %s", error)
        self._ledger.recovered += sum(batch.count for batch in batches)
        self._queue.adopt(batches)
        for batch in filter(has_expired, batches):
            self._give_up(batch, "expired")

    def _pause_s(self) -> float:
        waits = [_TICK_S]
        due = self._queue.due_in_s(self._flush_interval_s)
        if due is not None:
            waits.append(due)
        if self._queue.head() is not None:
            waits.append(self._not_before - time.monotonic())
        return max(0.0, min(waits))

    def _step(self) -> None:
        with self._in_use:
            self._end_halt()
            self._queue.pack(self._gzip)
            batch = self._queue.head()
            if batch is not None and time.monotonic() >= self._not_before:
                self._deliver(batch)

    def _deliver(self, batch: Batch) -> None:
        unsaid = self._ledger.unsaid()
        text = ", ".join(f"{reason}={count}" for reason, count in unsaid.items())
        reply = self._transport.send(batch, dropped=text)
        batch.tries += 1
        self._ledger.requests += 1
        self._ledger.retries += batch.tries > 1
        verdict = retry.judge(reply, batch.count, batch.splits)
        if verdict is retry.Verdict.RETRY:
            self._back_off(reply)
            return
        self._recover()
        if verdict is retry.Verdict.DELIVERED:
            self._ledger.said(unsaid)
            self._has_said_halt = False
            self._settle(batch, reply)
        elif verdict is retry.Verdict.SPLIT:
            self._queue.replace(batch, batch.halves())
        elif verdict is retry.Verdict.DROP:
            self._give_up(batch, f"refused_{reply.status}")
        else:
            self._halt(reply)

    def _settle(self, batch: Batch, reply: Reply) -> None:
        result = retry.result_of(reply, batch.count)
        assert result is not None
        if not self._queue.take_off(batch):
            return
        self._ledger.stored += result.stored
        self._ledger.duplicates += result.duplicates
        if result.rejected:
            codes = {str(error.get("code")) for error in result.errors if isinstance(error, dict)}
            self._ledger.reject(result.rejected, ", ".join(sorted(codes)) or "no code")
        self._queue.settle(batch)

    def _give_up(self, batch: Batch, reason: str, *, keep: bool = False) -> None:
        if not self._queue.take_off(batch):
            return
        if keep:
            self._ledger.kept += batch.count
        else:
            self._ledger.drop(reason, batch.count)
        self._queue.settle(batch, keep=keep)

    def _back_off(self, reply: Reply) -> None:
        now = time.monotonic()
        if not self._failures:
            self._failing_since = now
        self._failures += 1
        self._obeys_server = reply.retry_after_s is not None
        pause_s = retry.delay_s(self._failures, reply.retry_after_s)
        self._not_before = now + pause_s
        reason = reply.error or f"status {reply.status}"
        log.debug("zeroten: not sent (%s); next try in %.1f s", reason, pause_s)
        if now - self._failing_since >= _OUTAGE_S and not self._has_said_outage:
            self._has_said_outage = True
            waiting = self._queue.waiting
            log.warning("zeroten: no delivery for a minute (%s); %d events wait", reason, waiting)

    def _recover(self) -> None:
        self._failures, self._not_before, self._obeys_server = 0, 0.0, False
        if self._has_said_outage:
            self._has_said_outage = False
            log.warning("zeroten: the server answers again")

    def _halt(self, reply: Reply) -> None:
        """Stop for a while: the key or the host is wrong, and trying on would change nothing."""
        if not self._has_said_halt:
            self._has_said_halt = True
            log.error("zeroten: %s", _advice(reply.status))
        reason = f"refused_{reply.status}"
        self._halted_until = time.monotonic() + HALT_S
        if self._queue.refusal != "closed":
            self._queue.refuse(reason)
        self._queue.seal()
        while (batch := self._queue.head()) is not None:
            # With another key or host, the next start can still deliver what the spool holds.
            self._give_up(batch, reason, keep=batch.is_kept)

    def _end_halt(self) -> None:
        if self._halted_until and time.monotonic() >= self._halted_until:
            self._halted_until = 0.0
            if self._queue.refusal != "closed":
                self._queue.refuse("")


def _advice(status: int) -> str:
    if status in (401, 403):
        return f"the server refused the secret key ({status}); run `python -m zeroten check`"
    return f"the server answered with a redirect ({status}); set host to the final address"
