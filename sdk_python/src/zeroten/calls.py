"""The calls that take an event: checked, encoded and put into the queue, in microseconds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Callable

from . import limits
from .cleaning import clean, clean_text
from .encoding import Stamp, moment
from .feature import Feature
from .ids import identifier, own_message_id
from .people import current_person

if TYPE_CHECKING:
    from .delivery import Delivery


class EventCalls(ABC):
    """What a client takes; `Client` has the rest.

    Every call returns True when its event was taken and False when not, and never raises: what
    cannot be taken is counted by its reason.
    """

    enabled: bool
    _delivery: Delivery
    _stamp: Stamp
    _encode: Callable[[dict[str, Any], str], bytes]
    _put: Callable[[bytes, bool], str]

    @abstractmethod
    def _start(self) -> None:
        """Start the thread that sends, if it does not run."""

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
            self._start()
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
