"""Usage events: what they may say, and what makes one valid.

The wire's own names (`userId`, `messageId`) are the Segment HTTP tracking spec's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from backend.domain import limits
from backend.domain.values import check_object, is_name

FEATURE: Final = "feature"
PAGE: Final = "page"
TRAIT: Final = "trait"
TYPES: Final = ("track", "identify", "group", "page", "screen", "alias")

INVALID_EVENT: Final = "invalid-event"
INVALID_TIME: Final = "invalid-time"
TOO_LARGE: Final = "event-too-large"


class WireEvent(Protocol):
    """One event as the sender wrote it."""

    @property
    def type(self) -> str:
        """One of TYPES."""

    userId: str | int | None  # noqa: N815 - the wire's names
    anonymousId: str | int | None  # noqa: N815
    event: str | None
    name: str | None
    properties: dict[str, Any] | None
    traits: dict[str, Any] | None
    groupId: str | int | None  # noqa: N815
    previousId: str | int | None  # noqa: N815
    messageId: str | None  # noqa: N815
    timestamp: datetime | None


class Person(NamedTuple):
    """The sender's id of a user or of an anonymous browser."""

    id: str
    is_anonymous: bool


class Facts(NamedTuple):
    """What an identify or group event says: traits of a person, or of their account."""

    person: Person
    occurred_ms: int
    account_id: str | None
    traits: dict[str, Any]


class Link(NamedTuple):
    """Two ids of one person: what was counted under `previous_id` is the user's.

    `is_alias` says that the sender asked for it by an alias event, whose previous id may also be
    an earlier id of a user; else it is an anonymous id that came along with a user's.
    """

    user_id: str
    previous_id: str
    is_alias: bool = False


class Fault(NamedTuple):
    """Why one event of a batch is not counted; `message_id` is the sender's, where it has one."""

    code: str
    detail: str
    message_id: str | None = None


INVALID_TIME_FAULT: Final = Fault(
    INVALID_TIME,
    "timestamp must be RFC 3339 with an offset, at most 400 days ago and 24 hours ahead.",
)


def fault_of(event: WireEvent) -> Fault | None:
    """Return why `event` is not counted, or None; its time is judged when it is rolled up."""
    for check in (_type_fault, _person_fault, _id_faults, _time_fault, _object_faults):
        if fault := check(event):
            return fault
    return None


def batch_key(header: str | None, message_ids: Sequence[str | None]) -> str | None:
    """Return the header, else a hash of the message ids in order, else None (no ids at all)."""
    if header:
        return header
    if not any(message_ids):
        return None
    joined = "\x1f".join(message_id or "" for message_id in message_ids)
    return "sha256:" + hashlib.sha256(joined.encode()).hexdigest()


def text_id(value: str | int | None) -> str | None:
    """Return an id as text; None when it is none or cannot be one."""
    text = str(value) if isinstance(value, int) else value
    return text if is_name(text, limits.ID_LENGTH) else None


def _type_fault(event: WireEvent) -> Fault | None:
    if event.type not in TYPES:
        return Fault(INVALID_EVENT, f"type must be one of {', '.join(TYPES)}.")
    if event.type == "track" and not is_name(event.event):
        return Fault(INVALID_EVENT, f"event must have 1 to {limits.NAME_LENGTH} characters.")
    return None


def _person_fault(event: WireEvent) -> Fault | None:
    given = [value for value in (event.userId, event.anonymousId) if value not in (None, "")]
    if given and all(text_id(value) for value in given):
        return None
    return Fault(
        INVALID_EVENT, f"userId or anonymousId must have 1 to {limits.ID_LENGTH} characters."
    )


def _id_faults(event: WireEvent) -> Fault | None:
    if event.messageId is None or is_name(event.messageId, limits.MESSAGE_ID_LENGTH):
        return None
    return Fault(INVALID_EVENT, f"messageId has 1 to {limits.MESSAGE_ID_LENGTH} characters.")


def _time_fault(event: WireEvent) -> Fault | None:
    is_naive = event.timestamp is not None and event.timestamp.tzinfo is None
    return INVALID_TIME_FAULT if is_naive else None


def _object_faults(event: WireEvent) -> Fault | None:
    for name, value in (("properties", event.properties), ("traits", event.traits)):
        if value and (faults := check_object(value, f"/{name}")):
            return Fault(INVALID_EVENT, f"{faults[0].pointer}: {faults[0].detail}")
    return None
