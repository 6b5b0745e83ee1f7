"""One request's events as its sender meant them: sorted, rolled up, and what is told of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from backend.domain import limits
from backend.domain.events import Fault, WireEvent, batch_key
from backend.domain.pages import page_template
from backend.domain.rollup import Roller, Rollup
from backend.services import arming
from backend.services.clock import to_ms
from backend.services.published import PublishedProject


class Batch:
    """The events of one request, ready to be counted: all that needs no database is done.

    `key` is the sender's, or a hash of the message ids in their order; None when there are none
    either. `messages` has the message ids by 64 bits of their hash, where these are to be checked.
    """

    def __init__(
        self,
        project: PublishedProject,
        events: Sequence[WireEvent | Fault],
        *,
        key: str | None,
        sent_at: Any,
        now: datetime,
    ) -> None:
        self._given = key, sent_at
        template = _remembering(lambda address: page_template(address, project.page_rules))
        self.project, self.now = project, now
        self._roller = Roller(project.calendar, template, to_ms(now), _sent_ms(sent_at))
        self.events = events
        faults = [(at, event) for at, event in enumerate(events) if isinstance(event, Fault)]
        checked = [(at, event) for at, event in enumerate(events) if not isinstance(event, Fault)]
        once = _once_each(checked)
        self.rollup, late_faults = self._roller.roll_up(once)
        self._faults = sorted(faults + late_faults)
        bad = {at for at, _ in late_faults}
        self._good = [each for each in once if each[0] not in bad] if bad else once
        self._repeated = len(checked) - len(once)
        self.armed = arming.occurred(project, self._good, to_ms(now), self._roller.skew_ms)
        self.key = batch_key(key, [event.messageId for _, event in self._good])
        self.messages = self._hashes() if key is None else {}

    def with_events(self, events: Sequence[WireEvent | Fault]) -> Batch:
        """Return the same request with other events; itself when they are its own."""
        if events is self.events:
            return self
        key, sent_at = self._given
        return Batch(self.project, events, key=key, sent_at=sent_at, now=self.now)

    def without(self, messages: set[str]) -> tuple[Rollup, dict[str, Any]]:
        """Return the effect and the answer when these messages were counted before."""
        left = [each for each in self._good if each[1].messageId not in messages]
        rollup, _ = self._roller.roll_up(left)
        return rollup, self.answer(len(self._good) - len(left))

    def answer(self, seen: int = 0) -> dict[str, Any]:
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
        event = self.events[index]
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
