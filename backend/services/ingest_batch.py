"""One request's events as its sender meant them: sorted, rolled up, and what is told of them.

All of it needs neither the database nor the rest of the server, so that another process can do it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from backend.domain import arming, limits
from backend.domain.calendar import calendar_of
from backend.domain.events import Fault, WireEvent, batch_key, text_id
from backend.domain.pages import PageRule, page_template
from backend.domain.rollup import Roller, Rollup
from backend.services.clock import to_ms

USER_ERASED: Final = "user-erased"


class Terms(NamedTuple):
    """What reading a batch needs to know of its project and its request.

    Args:
        arming: names of the events that arm a survey.
        key: the sender's own for this batch.
        sent_at: when the sender says it sent this, where a header says so.
    """

    timezone: str
    page_rules: tuple[PageRule, ...]
    arming: frozenset[str]
    received_ms: int
    key: str | None = None
    sent_at: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a batch says and what its sender is told, if nothing of it was counted before.

    `key` is the sender's, or a hash of the message ids in their order; None when there are none
    either. `messages` has the message ids by 64 bits of their hash, where these are to be checked.
    """

    rollup: Rollup
    answer: dict[str, Any]
    key: str | None
    messages: dict[int, str]
    armed: arming.Occurred


class Countable(Protocol):
    """A batch that has been read, here or elsewhere."""

    @property
    def reading(self) -> Reading:
        """What it says."""

    def refusing(self, erased: Set[tuple[str, bool]]) -> Batch:
        """Return the same request with faults in place of events about (id, whether anonymous)."""

    def without(self, messages: set[str]) -> tuple[Rollup, dict[str, Any]]:
        """Return the effect and the answer when these messages were counted before."""


class Batch:
    """The events of one request and their `reading`.

    Args:
        sent_at: when the sender says it sent this, in the body.
    """

    def __init__(
        self, events: Sequence[WireEvent | Fault], terms: Terms, sent_at: Any = None
    ) -> None:
        self._events, self._terms, self._sent_at = events, terms, sent_at
        template = _remembering(lambda address: page_template(address, terms.page_rules))
        calendar, received_ms = calendar_of(terms.timezone), terms.received_ms
        sent_ms = _sent_ms(terms.sent_at or sent_at)
        self._roller = Roller(calendar, template, received_ms, sent_ms)
        faults = [(at, event) for at, event in enumerate(events) if isinstance(event, Fault)]
        checked = [(at, event) for at, event in enumerate(events) if not isinstance(event, Fault)]
        once = _once_each(checked)
        rollup, late_faults = self._roller.roll_up(once)
        self._faults = sorted(faults + late_faults)
        bad = {at for at, _ in late_faults}
        self._good = [each for each in once if each[0] not in bad] if bad else once
        self._repeated = len(checked) - len(once)
        self.reading = Reading(
            rollup=rollup,
            answer=self._answer(),
            key=batch_key(terms.key, [event.messageId for _, event in self._good]),
            messages=self._hashes() if terms.key is None else {},
            armed=arming.occurred(terms.arming, self._good, received_ms, self._roller.skew_ms),
        )

    def refusing(self, erased: Set[tuple[str, bool]]) -> Batch:
        """Return the same request with faults in place of events about (id, whether anonymous)."""
        events = [
            event
            if isinstance(event, Fault) or erased.isdisjoint(_ids(event))
            else Fault(USER_ERASED, "The person was erased.", event.messageId)
            for event in self._events
        ]
        return Batch(events, self._terms, self._sent_at)

    def without(self, messages: set[str]) -> tuple[Rollup, dict[str, Any]]:
        """Return the effect and the answer when these messages were counted before."""
        left = [each for each in self._good if each[1].messageId not in messages]
        rollup, _ = self._roller.roll_up(left)
        return rollup, self._answer(len(self._good) - len(left))

    def _answer(self, seen: int = 0) -> dict[str, Any]:
        """Return what the sender is told when `seen` of the good events came before."""
        answer: dict[str, Any] = {
            "stored": len(self._good) - seen,
            "duplicates": self._repeated + seen,
            "rejected": len(self._faults),
            "errors": [self._error(*each) for each in self._faults[: limits.ERRORS_LISTED]],
        }
        if len(self._faults) > limits.ERRORS_LISTED:
            answer["errors_truncated"] = True
        return answer

    def _hashes(self) -> dict[int, str]:
        return {
            _hash(event.messageId): event.messageId for _, event in self._good if event.messageId
        }

    def _error(self, index: int, fault: Fault) -> dict[str, Any]:
        event = self._events[index]
        message_id = event.message_id if isinstance(event, Fault) else event.messageId
        return {
            "index": index,
            "messageId": message_id,
            "code": fault.code,
            "detail": fault.detail,
        }


def _once_each(events: list[tuple[int, WireEvent]]) -> list[tuple[int, WireEvent]]:
    """Return the events whose message id does not stand earlier in the same batch."""
    ids = [event.messageId for _, event in events if event.messageId]
    seen = set(ids)
    if len(seen) == len(ids):
        return events
    first: dict[str, int] = {}
    for at, event in events:
        if event.messageId:
            first.setdefault(event.messageId, at)
    return [
        (at, event) for at, event in events if not event.messageId or first[event.messageId] == at
    ]


def _ids(event: WireEvent) -> list[tuple[str, bool]]:
    """Return the ids that an event names, with whether each is a browser's."""
    user, browser, previous = event.userId, event.anonymousId, event.previousId
    ids = ((user, False), (browser, True), (previous, False), (previous, True))
    return [(text, kind) for raw, kind in ids if (text := text_id(raw)) is not None]


def _hash(message_id: str) -> int:
    """Return 64 bits of the message id's hash, signed as the databases keep them."""
    return int.from_bytes(hashlib.blake2b(message_id.encode(), digest_size=8).digest(), signed=True)


def _sent_ms(sent_at: Any) -> int | None:
    """Return when the sender says it sent this; None when it does not say, or not clearly."""
    if not isinstance(sent_at, str):
        return None
    try:
        instant = datetime.fromisoformat(sent_at)
    except ValueError:
        return None
    return to_ms(instant) if instant.tzinfo else None


def _remembering(template: Callable[[str], str]) -> Callable[[str], str]:
    """Return `template` with its results kept: a batch names few pages many times."""
    kept: dict[str, str] = {}

    def look_up(address: str) -> str:
        known = kept.get(address)
        if known is None:
            known = kept[address] = template(address)
        return known

    return look_up
