"""Usage events: what makes one valid, and how many become few rows.

The wire's own names (`userId`, `messageId`) are the Segment HTTP tracking spec's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from backend.domain import limits
from backend.domain.calendar import DAY_MS, Calendar
from backend.domain.values import check_object, is_name, masked

FEATURE: Final = "feature"
PAGE: Final = "page"
TYPES: Final = ("track", "identify", "group", "page", "screen", "alias")

INVALID_EVENT: Final = "invalid-event"
INVALID_TIME: Final = "invalid-time"
TOO_LARGE: Final = "event-too-large"

_PAST_MS: Final = limits.EVENT_PAST_DAYS * DAY_MS
_FUTURE_MS: Final = limits.EVENT_FUTURE_HOURS * 3_600_000
# A difference below a minute is the network's, not a wrong clock.
_SKEW_MS: Final = 60_000


class WireEvent(Protocol):
    """One event as the sender wrote it."""

    type: str
    userId: str | int | None  # noqa: N815 - the wire's names
    anonymousId: str | int | None  # noqa: N815
    event: str | None
    name: str | None
    properties: dict[str, Any] | None
    traits: dict[str, Any] | None
    groupId: str | int | None  # noqa: N815
    messageId: str | None  # noqa: N815
    timestamp: datetime | None


class Person(NamedTuple):
    """The sender's id of a user or of an anonymous browser."""

    id: str
    is_anonymous: bool


class Use(NamedTuple):
    """One thing a person did: `name` of `kind` on local `day`, `ms` after its midnight."""

    person: Person
    occurred_ms: int
    day: int
    ms: int
    kind: str
    name: str
    engaged_ms: int


class Facts(NamedTuple):
    """What an identify or group event says: traits of a person, or of their account."""

    person: Person
    occurred_ms: int
    account_id: str | None
    traits: dict[str, Any]


class Fault(NamedTuple):
    """Why one event of a batch is not counted."""

    code: str
    detail: str


@dataclass(slots=True)
class PersonUse:
    """What one batch says about one person: days active and last day of each name."""

    first_ms: int
    last_ms: int
    days: set[int] = field(default_factory=set)
    names: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(slots=True)
class Rollup:
    """The effect of a batch: rows per (person, day, kind, name) and a summary a person."""

    rows: dict[tuple[Person, int, str, str], list[int]] = field(default_factory=dict)
    people: dict[Person, PersonUse] = field(default_factory=dict)
    facts: list[Facts] = field(default_factory=list)


class Reader:
    """Checks events of one request and turns them into uses and facts."""

    def __init__(
        self,
        calendar: Calendar,
        template: Callable[[str], str],
        received_ms: int,
        sent_ms: int | None = None,
    ) -> None:
        skew_ms = received_ms - sent_ms if sent_ms is not None else 0
        self._calendar = calendar
        self._template = template
        self._received_ms = received_ms
        self._skew_ms = skew_ms if abs(skew_ms) > _SKEW_MS else 0

    def read(self, event: WireEvent) -> Use | Facts | Fault:
        """Return what `event` means, or why it is not counted."""
        person = _person(event)
        if person is None:
            return Fault(
                INVALID_EVENT,
                f"userId or anonymousId must have 1 to {limits.ID_LENGTH} characters.",
            )
        if event.messageId is not None and not is_name(event.messageId, limits.MESSAGE_ID_LENGTH):
            return Fault(
                INVALID_EVENT, f"messageId has at most {limits.MESSAGE_ID_LENGTH} characters."
            )
        occurred_ms = self._occurred_ms(event.timestamp)
        if occurred_ms is None:
            return INVALID_TIME_FAULT
        for name, value in (("properties", event.properties), ("traits", event.traits)):
            if value and (faults := check_object(value, f"/{name}")):
                return Fault(INVALID_EVENT, f"{faults[0].pointer}: {faults[0].detail}")
        return self._meaning(event, person, occurred_ms)

    def _meaning(self, event: WireEvent, person: Person, occurred_ms: int) -> Use | Facts | Fault:
        if event.type == "track":
            if not is_name(event.event):
                return Fault(
                    INVALID_EVENT, f"event must have 1 to {limits.NAME_LENGTH} characters."
                )
            return self._use(person, occurred_ms, FEATURE, str(event.event), 0)
        if event.type in ("page", "screen"):
            return self._page(event, person, occurred_ms)
        if event.type == "identify":
            return Facts(person, occurred_ms, None, masked(event.traits or {}))
        if event.type == "group":
            account_id = _text_id(event.groupId)
            if account_id is None:
                return Fault(INVALID_EVENT, "groupId must have 1 to 200 characters.")
            return Facts(person, occurred_ms, account_id, masked(event.traits or {}))
        return Fault(INVALID_EVENT, "type must be track, identify, group, page or screen.")

    def _page(self, event: WireEvent, person: Person, occurred_ms: int) -> Use | Fault:
        properties = event.properties or {}
        address = properties.get("path") or properties.get("url") or event.name
        if not is_name(address, limits.STRING_LENGTH):
            return Fault(INVALID_EVENT, "A page needs properties.path, properties.url or name.")
        engaged = properties.get("engaged_ms")
        is_number = isinstance(engaged, int) and not isinstance(engaged, bool)
        engaged_ms = min(max(engaged, 0), DAY_MS) if is_number and engaged else 0
        return self._use(person, occurred_ms, PAGE, self._template(str(address)), engaged_ms)

    def _use(self, person: Person, occurred_ms: int, kind: str, name: str, engaged_ms: int) -> Use:
        day, ms = self._calendar.day_and_ms(occurred_ms)
        return Use(person, occurred_ms, day, ms, kind, name, engaged_ms)

    def _occurred_ms(self, timestamp: datetime | None) -> int | None:
        """Return when it happened by our clock; None when that cannot be."""
        if timestamp is None:
            return self._received_ms
        if timestamp.tzinfo is None:
            return None
        occurred_ms = int(timestamp.timestamp() * 1000) + self._skew_ms
        ahead_ms = occurred_ms - self._received_ms
        return occurred_ms if -_PAST_MS <= ahead_ms <= _FUTURE_MS else None


INVALID_TIME_FAULT: Final = Fault(
    INVALID_TIME,
    "timestamp must be RFC 3339 with an offset, at most 400 days ago and 24 hours ahead.",
)


def roll_up(meanings: Iterable[Use | Facts]) -> Rollup:
    """Gather uses into rows and people; facts keep their order."""
    rollup = Rollup()
    rows, people = rollup.rows, rollup.people
    for meaning in meanings:
        if isinstance(meaning, Facts):
            rollup.facts.append(meaning)
            continue
        person, occurred_ms, day, ms, kind, name, engaged_ms = meaning
        row = rows.get((person, day, kind, name))
        if row is None:
            rows[person, day, kind, name] = [1, engaged_ms, ms]
        else:
            row[0] += 1
            row[1] += engaged_ms
            if ms < row[2]:
                row[2] = ms
        use = people.get(person)
        if use is None:
            use = people[person] = PersonUse(occurred_ms, occurred_ms)
        elif occurred_ms < use.first_ms:
            use.first_ms = occurred_ms
        elif occurred_ms > use.last_ms:
            use.last_ms = occurred_ms
        use.days.add(day)
        known = use.names.get((kind, name))
        if known is None or day > known:
            use.names[kind, name] = day
    return rollup


def batch_key(header: str | None, message_ids: Sequence[str | None]) -> str | None:
    """Return the header, else a hash of the message ids in order, else None (no ids at all)."""
    if header:
        return header
    if not any(message_ids):
        return None
    joined = "\x1f".join(message_id or "" for message_id in message_ids)
    return "sha256:" + hashlib.sha256(joined.encode()).hexdigest()


def _person(event: WireEvent) -> Person | None:
    user_id = event.userId
    if user_id is not None and user_id != "":
        known = _text_id(user_id)
        return None if known is None else Person(known, False)
    anonymous = _text_id(event.anonymousId)
    return None if anonymous is None else Person(anonymous, True)


def _text_id(value: str | int | None) -> str | None:
    text = str(value) if isinstance(value, int) else value
    return text if is_name(text, limits.ID_LENGTH) else None
