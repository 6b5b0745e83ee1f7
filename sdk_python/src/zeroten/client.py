"""The client: what a host application calls. No call blocks on the network, and none raises."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

from . import limits, processes
from .cleaning import clean, clean_text
from .configuration import problem_of
from .delivery import Delivery, Options
from .encoding import moment
from .feature import Feature
from .ids import identifier, own_message_id
from .people import current_person
from .stats import OnDrop, Stats, log
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
            self._delivery.start(self)  # an earlier process may have left events

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
            user_id: who; None when only `anonymous_id` is known, or to take whom
                `zeroten.as_user` or the framework's middleware names.
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
        if not self.enabled:
            return False
        try:
            members = {"type": "identify", "traits": traits or {}}
            return self._take(members, "traits", user_id, anonymous_id, None, timestamp, message_id)
        except Exception:
            return self._refuse("invalid")

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
        if not self.enabled:
            return False
        try:
            account = identifier(account_id)
            if not account:
                return self._refuse("no_account")
            members = {"type": "group", "groupId": account, "traits": traits or {}}
            return self._take(members, "traits", user_id, anonymous_id, None, timestamp, message_id)
        except Exception:
            return self._refuse("invalid")

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
        if not self.enabled:
            return False
        try:
            name = str(path).partition("?")[0].partition("#")[0]
            name = clean_text(name, limits.MAX_NAME_CHARS)
            if not name:
                return self._refuse("no_page")
            values = clean(properties)[0] if type(properties) is not dict else properties
            members = {"type": "page", "name": name, "properties": {"path": name, **values}}
            return self._take(
                members, "properties", user_id, anonymous_id, account_id, timestamp, message_id
            )
        except Exception:
            return self._refuse("invalid")

    # Delivery

    def feature(
        self,
        name: str,
        *,
        user_id: Any = None,
        account_id: Any = None,
        properties: dict[str, Any] | None = None,
    ) -> Feature:
        """Track `name` around a function (`@client.feature("export_csv")`) or a `with` block.

        The user is the one given, else that of `zeroten.as_user` or the framework's middleware.
        """
        return Feature(self, name, user_id=user_id, account_id=account_id, properties=properties)

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

    # How it works

    def _begin(self) -> None:
        self._delivery = Delivery(self._options, self._transport())
        # Looked up once: these run for every event.
        self._stamp = self._delivery.stamp
        self._encode = self._delivery.encoder.encode
        self._put = self._delivery.queue.put

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
            members["userId"] = identifier(user_id)
            if not members["userId"]:
                return self._refuse("invalid_user_id")
        if anonymous_id is not None:
            members["anonymousId"] = identifier(anonymous_id)
            if not members["anonymousId"]:
                return self._refuse("invalid_anonymous_id")
        elif user_id is None:
            return self._take_for_current(members, payload, account_id, timestamp, message_id)
        if account_id is not None:
            members["context"] = {"groupId": identifier(account_id)}
        members["messageId"] = (
            own_message_id(message_id) if message_id else self._stamp.message_id()
        )
        members["timestamp"] = self._stamp.now() if timestamp is None else moment(timestamp)
        reason = self._put(self._encode(members, payload), bool(message_id))
        if reason:
            return self._refuse(reason)
        if not self._delivery.has_thread:
            self._delivery.start(self)
        return True

    def _take_for_current(self, members: dict[str, Any], payload: str, *rest: Any) -> bool:
        person = current_person()
        if person.user_id is None and person.anonymous_id is None:
            return self._refuse("no_user")
        account_id, timestamp, message_id = rest
        account_id = person.account_id if account_id is None else account_id
        ids = (person.user_id, person.anonymous_id, account_id)
        return self._take(members, payload, *ids, timestamp, message_id)

    def _refuse(self, reason: str) -> bool:
        self._delivery.ledger.refuse(reason)
        return False

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
