"""The client: what a host application calls. No call blocks on the network, and none raises."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import time
import weakref
from typing import Any

from . import limits
from .cleaning import clean_text
from .encoding import Encoder, Stamp, moment
from .queue import Queue
from .sender import Sender
from .stats import Ledger, OnDrop, Stats, log
from .transport import HttpTransport, Transport

_MIB = 1024 * 1024


class Client:
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
            gzip: compress on the wire.
            timeout_s: for connecting, and for each wait on the server.
            exit_timeout_s: how long the end of the process may be held up.
            enabled: False takes no events and starts no thread.
            transport: in place of HTTP; see `zeroten.testing`.
        """
        self._options = {
            "flush_at": flush_at,
            "max_events": max_queue_events,
            "max_bytes": max_queue_bytes,
        }
        self._flush_interval_s = flush_interval_s
        self._gzip = gzip
        self._exit_timeout_s = exit_timeout_s
        self._on_drop = on_drop
        self._timeout_s = timeout_s
        self._secret_key = secret_key or os.environ.get("ZEROTEN_SECRET_KEY", "")
        self._host = host or os.environ.get("ZEROTEN_HOST", "")
        self._given_transport = transport
        self.enabled = enabled and self._is_configured()
        self._begin()
        _clients.add(self)

    # Events

    def track(
        self,
        user_id: Any,
        event: str,
        properties: dict[str, Any] | None = None,
        *,
        anonymous_id: str | None = None,
        account_id: Any = None,
        timestamp: Any = None,
        message_id: str | None = None,
    ) -> bool:
        """Say that a person did something, such as used a feature.

        Args:
            user_id: who; None when only `anonymous_id` is known.
            event: what, such as "export_csv".
            properties: details; values without a JSON form are turned into the nearest one.
            account_id: the person's company.
            timestamp: when, if not now: datetime (naive means UTC), seconds since 1970, RFC 3339.
            message_id: a key of your own that makes a repeated call count once, for 24 h.
        """
        if not self.enabled:
            return False
        try:
            if not event.isprintable() or len(event) > 200:
                event = clean_text(event, limits.MAX_NAME_CHARS)
            if not event:
                return self._refuse("no_event_name")
            members = {
                "type": "track",
                "event": event,
                "properties": {} if properties is None else properties,
            }
            return self._take(
                members, "properties", user_id, anonymous_id, account_id, timestamp, message_id
            )
        except Exception:
            return self._refuse("invalid")

    def identify(
        self,
        user_id: Any,
        traits: dict[str, Any] | None = None,
        *,
        anonymous_id: str | None = None,
        timestamp: Any = None,
        message_id: str | None = None,
    ) -> bool:
        """Say who a person is: role, plan and other traits. `anonymous_id` joins the two."""
        return self._send(
            {"type": "identify", "traits": traits},
            "traits",
            user_id,
            anonymous_id,
            None,
            timestamp,
            message_id,
        )

    def group(
        self,
        user_id: Any,
        account_id: Any,
        traits: dict[str, Any] | None = None,
        *,
        anonymous_id: str | None = None,
        timestamp: Any = None,
        message_id: str | None = None,
    ) -> bool:
        """Say which account a person belongs to, with the account's traits."""
        account = _identifier(account_id)
        if not account:
            return self.enabled and self._refuse("no_account")
        return self._send(
            {"type": "group", "groupId": account, "traits": traits},
            "traits",
            user_id,
            anonymous_id,
            None,
            timestamp,
            message_id,
        )

    def page(
        self,
        user_id: Any,
        path: str,
        properties: dict[str, Any] | None = None,
        *,
        anonymous_id: str | None = None,
        account_id: Any = None,
        timestamp: Any = None,
        message_id: str | None = None,
    ) -> bool:
        """Say that a person opened a page. Give the route's template where you have it."""
        name = clean_text(str(path).partition("?")[0].partition("#")[0], limits.MAX_NAME_CHARS)
        values = {"path": name, **properties} if type(properties) is dict else {"path": name}
        return self._send(
            {"type": "page", "name": name, "properties": values},
            "properties",
            user_id,
            anonymous_id,
            account_id,
            timestamp,
            message_id,
        )

    # Delivery

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Send what waits; True when all that was taken before this call has been stored.

        False when the time was not enough, or some of it was dropped or refused by the server.
        """
        if not self.enabled or self._sender.is_current_thread:
            return self._queue.waiting == 0
        deadline = time.monotonic() + timeout_s
        lost_before = self._ledger.lost
        target = self._queue.accepted
        self._nudge(deadline)
        with self._queue.settled:
            while self._queue.resolved < target:
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return False
                self._queue.settled.wait(left_s)
        return self._ledger.lost == lost_before

    async def aflush(self, timeout_s: float = 10.0) -> bool:
        """`flush` for asyncio: waits in a thread, so the event loop goes on."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, self.flush, timeout_s)

    def close(self, timeout_s: float | None = None) -> bool:
        """Flush, stop the thread, take no more events; True when all was stored.

        What is not sent by then is dropped and counted. A second call does nothing.
        """
        if not self.enabled or self._queue.refusal == "closed":
            return self._queue.waiting == 0
        self._queue.refuse("closed")
        is_done = self.flush(self._exit_timeout_s if timeout_s is None else timeout_s)
        self._sender.stop()
        left = self._queue.abandon()
        if left:
            self._ledger.drop("closed", left)
        return is_done

    def stats(self) -> Stats:
        """Return the account of all events so far."""
        queue, ledger = self._queue, self._ledger
        waiting = queue.waiting
        return Stats(
            called=queue.accepted - ledger.recovered + ledger.refused_calls,
            recovered=ledger.recovered,
            stored=ledger.stored,
            duplicates=ledger.duplicates,
            rejected=ledger.rejected,
            dropped=ledger.dropped,
            waiting=waiting,
            kept=ledger.kept,
            waiting_bytes=queue.waiting_bytes,
            coerced=self._encoder.coerced,
            requests=ledger.requests,
            retries=ledger.retries,
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close(10.0)

    # How it works

    def _begin(self) -> None:
        """Set up everything that a forked child must not share with its parent."""
        self._stamp = Stamp()
        self._encoder = Encoder()
        self._ledger = Ledger(self._on_drop)
        self._queue = Queue(prefix=self._stamp.prefix, **self._options)
        self._sender = Sender(
            self._queue,
            self._transport(),
            self._ledger,
            flush_interval_s=self._flush_interval_s,
            gzip=self._gzip,
        )
        self._has_thread = False
        self._start_lock = threading.Lock()
        # Looked up once: these run for every event.
        self._encode = self._encoder.encode
        self._put = self._queue.put

    def _transport(self) -> Transport:
        if self._given_transport is not None:
            return self._given_transport
        host = self._host if self.enabled else "http://localhost"
        return HttpTransport(host, self._secret_key, timeout_s=self._timeout_s)

    def _is_configured(self) -> bool:
        if self._given_transport is not None:
            return True
        problem = _config_problem(self._secret_key, self._host)
        if problem:
            log.error("zeroten: %s; no events are sent", problem)
        return not problem

    def _send(self, members: dict[str, Any], payload: str, *rest: Any) -> bool:
        if not self.enabled:
            return False
        try:
            if members[payload] is None:
                members[payload] = {}
            return self._take(members, payload, *rest)
        except Exception:
            return self._refuse("invalid")

    def _take(
        self,
        members: dict[str, Any],
        payload: str,
        user_id: Any,
        anonymous_id: Any,
        account_id: Any,
        timestamp: Any,
        message_id: str | None,
    ) -> bool:
        if type(user_id) is str and 0 < len(user_id) <= 200 and user_id.isprintable():
            members["userId"] = user_id
        elif user_id is not None:
            members["userId"] = _identifier(user_id)
            if not members["userId"]:
                return self._refuse("invalid_user_id")
        if anonymous_id is not None:
            members["anonymousId"] = _identifier(anonymous_id)
            if not members["anonymousId"]:
                return self._refuse("invalid_anonymous_id")
        elif user_id is None:
            return self._refuse("no_user")
        if account_id is not None:
            members["context"] = {"groupId": _identifier(account_id)}
        members["messageId"] = message_id or self._stamp.message_id()
        members["timestamp"] = self._stamp.now() if timestamp is None else moment(timestamp)
        reason = self._put(self._encode(members, payload))
        if reason:
            return self._refuse(reason)
        if not self._has_thread:
            self._start_thread()
        return True

    def _refuse(self, reason: str) -> bool:
        self._ledger.refuse(reason)
        return False

    def _start_thread(self) -> None:
        with self._start_lock:
            if self._has_thread:
                return
            try:
                self._sender.start()
            except RuntimeError:
                return  # the interpreter is going down; close() sends from its own thread
            self._has_thread = True

    def _nudge(self, deadline: float) -> None:
        if not self._has_thread:
            self._start_thread()
        if self._sender.is_running:
            self._sender.hurry()
        else:
            self._sender.drain(deadline)

    def _after_fork_in_child(self) -> None:
        # A thread does not survive a fork, a lock may be held for ever in the copy, and what
        # waits belongs to the parent, which will send it.
        self._begin()


def _identifier(value: Any) -> str:
    """Return an id as text; "" when it cannot be one. Never clipped: that could merge two."""
    if value is None or isinstance(value, bool):
        return ""
    text = str(value)
    is_good = 0 < len(text) <= limits.MAX_ID_CHARS and text.isprintable()
    return text if is_good else ""


def _config_problem(secret_key: str, host: str) -> str:
    if not secret_key:
        return "no secret key: pass it or set ZEROTEN_SECRET_KEY"
    if secret_key.startswith("pk_"):
        return "that is the publishable key (pk_…); servers need the secret key (sk_…)"
    if not host:
        return "no host: pass it or set ZEROTEN_HOST"
    try:
        HttpTransport(host, secret_key, timeout_s=1.0)
    except ValueError as error:
        return str(error)
    return ""


_clients: weakref.WeakSet[Client] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for client in list(_clients):
        client._after_fork_in_child()


def _close_all() -> None:
    for client in list(_clients):
        client.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_close_all)
