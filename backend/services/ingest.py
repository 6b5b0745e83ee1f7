"""Counts batches of usage events: each one exactly once, however often it is sent."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from backend.domain import limits
from backend.domain.events import Fault, WireEvent, batch_key
from backend.domain.pages import page_template
from backend.domain.rollup import Roller, Rollup
from backend.services import arming
from backend.services.clock import to_ms
from backend.services.published import PublishedProject
from backend.storage import batches, links, people
from backend.storage.db import Database
from backend.storage.usage import recent
from backend.storage.usage.names import NameIds
from backend.storage.usage.store import UsageBatch, UsageStore


def record_batch(
    db: Database,
    project: PublishedProject,
    names: NameIds,
    usage: UsageStore,
    *,
    events: Sequence[WireEvent | Fault],
    key: str | None,
    sent_at: Any,
    now: datetime,
) -> dict[str, Any]:
    """Count `events` for `project`; return what a sender is told.

    The batch's key and its effect commit together, so the same key again gives the first answer
    and changes nothing. A batch without a key of its own is also checked message by message
    against the last 24 hours: clients that regroup their events cannot count them twice.

    Raises:
        StorageUnavailableError: nothing was counted; send the same again.
    """
    # All of this before the writer is taken: a transaction is as short as its rows allow.
    batch = _Batch(project, events, sent_at, now)
    own_key = batch_key(key, [event.messageId for _, event in batch.good])
    rollup, result = batch.rollup, batch.answer()
    hashes = batch.hashes() if key is None else {}
    store_key = own_key or secrets.token_hex(16)
    armed = arming.occurred(project, batch.good, to_ms(now), batch.skew_ms)

    def work(connection: Connection) -> dict[str, Any]:
        effect, told = rollup, result
        if own_key is not None:
            first = batches.claim(connection, project.id, own_key, result, now)
            if first is not None:
                return first
        if hashes:
            fresh = batches.unseen(connection, project.id, list(hashes), now)
            if len(fresh) < len(hashes):
                effect, told = batch.without({hashes[old] for old in hashes.keys() - fresh})
                batches.keep_result(connection, project.id, own_key or "", told)
        _record(connection, usage, names, project.id, store_key, effect, now)
        if armed:
            arming.arm(connection, project, armed, to_ms(now))
        return told

    return db.write(work)


def _record(
    connection: Connection,
    usage: UsageStore,
    names: NameIds,
    project_id: str,
    batch_key: str,
    rollup: Rollup,
    now: datetime,
) -> None:
    if rollup.facts:
        people.learn(connection, project_id, rollup.facts, now)
    if rollup.links:
        links.link(connection, project_id, rollup.links, now)
    rows = recent.record(connection, project_id, rollup, names)
    usage.record(connection, UsageBatch(project_id, batch_key, rows))


class _Batch:
    """The events of one request, sorted into good and bad, and rolled up."""

    def __init__(
        self,
        project: PublishedProject,
        events: Sequence[WireEvent | Fault],
        sent_at: Any,
        now: datetime,
    ) -> None:
        template = _remembering(lambda address: page_template(address, project.page_rules))
        self._roller = Roller(project.calendar, template, to_ms(now), _sent_ms(sent_at))
        self._events = events
        faults: list[tuple[int, Fault]] = []
        checked: list[tuple[int, WireEvent]] = []
        for at, event in enumerate(events):
            if isinstance(event, Fault):
                faults.append((at, event))
            else:
                checked.append((at, event))
        once = _once_each(checked)
        self.rollup, late_faults = self._roller.roll_up(once)
        self._faults = sorted(faults + late_faults)
        bad = {at for at, _ in late_faults}
        self.good = [each for each in once if each[0] not in bad] if bad else once
        self._repeated = len(checked) - len(once)
        self.skew_ms = self._roller.skew_ms

    def hashes(self) -> dict[int, str]:
        """Return the message ids by 64 bits of their hash."""
        return {
            _hash(event.messageId): event.messageId for _, event in self.good if event.messageId
        }

    def without(self, message_ids: set[str]) -> tuple[Rollup, dict[str, Any]]:
        """Return the effect and the answer when these messages were counted before."""
        left = [each for each in self.good if each[1].messageId not in message_ids]
        rollup, _ = self._roller.roll_up(left)
        return rollup, self.answer(len(self.good) - len(left))

    def answer(self, seen: int = 0) -> dict[str, Any]:
        """Return what the sender is told when `seen` of the good events came before."""
        answer: dict[str, Any] = {
            "stored": len(self.good) - seen,
            "duplicates": self._repeated + seen,
            "rejected": len(self._faults),
            "errors": [self._error(*each) for each in self._faults[: limits.ERRORS_LISTED]],
        }
        if len(self._faults) > limits.ERRORS_LISTED:
            answer["errors_truncated"] = True
        return answer

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
