"""Counts batches of usage events: each one exactly once, however often it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from backend.domain import limits
from backend.domain.events import (
    INVALID_EVENT,
    INVALID_TIME_FAULT,
    TOO_LARGE,
    Facts,
    Fault,
    Reader,
    Rollup,
    Use,
    WireEvent,
    batch_key,
    roll_up,
)
from backend.domain.pages import page_template
from backend.domain.values import is_name
from backend.services.clock import to_ms
from backend.services.published import PublishedProject
from backend.storage import batches, people
from backend.storage.db import Database
from backend.storage.usage import sql as usage
from backend.storage.usage.names import NameIds

_MESSAGE_ID: Final = limits.MESSAGE_ID_LENGTH


@dataclass(frozen=True, slots=True)
class _Read:
    """One good event: where it stood in the batch, its message id and its meaning."""

    index: int
    message_id: str | None
    meaning: Use | Facts


def record_batch(
    db: Database,
    project: PublishedProject,
    names: NameIds,
    *,
    decode: Callable[[Any], WireEvent],
    events: Sequence[Any],
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
    good, faults = _read(project, decode, events, sent_at, now)
    own_key = batch_key(key, [read.message_id for read in good])
    good, repeated = _once_each(good)
    result = _answer(good, repeated, faults)
    rollup = roll_up(read.meaning for read in good)

    def work(connection: Connection) -> dict[str, Any]:
        if own_key is not None:
            first = batches.claim(connection, project.id, own_key, result, now)
            if first is not None:
                return first
        if key is None:
            return _record_unseen(connection, project, names, good, repeated, faults, own_key, now)
        _record(connection, project.id, rollup, names, now)
        return result

    return db.write(work)


def _record_unseen(
    connection: Connection,
    project: PublishedProject,
    names: NameIds,
    good: list[_Read],
    repeated: int,
    faults: list[dict[str, Any]],
    own_key: str | None,
    now: datetime,
) -> dict[str, Any]:
    """Count what has not come in any batch of the last 24 hours."""
    hashes = {read.message_id: _hash(read.message_id) for read in good if read.message_id}
    fresh = batches.unseen(connection, project.id, list(hashes.values()), now)
    left = [read for read in good if not read.message_id or hashes[read.message_id] in fresh]
    result = _answer(left, repeated + len(good) - len(left), faults)
    if own_key is not None and len(left) < len(good):
        batches.keep_result(connection, project.id, own_key, result)
    _record(connection, project.id, roll_up(read.meaning for read in left), names, now)
    return result


def _record(
    connection: Connection, project_id: str, rollup: Rollup, names: NameIds, now: datetime
) -> None:
    if rollup.facts:
        people.learn(connection, project_id, rollup.facts, now)
    usage.record(connection, project_id, rollup, names)


def _read(
    project: PublishedProject,
    decode: Callable[[Any], WireEvent],
    events: Sequence[Any],
    sent_at: Any,
    now: datetime,
) -> tuple[list[_Read], list[dict[str, Any]]]:
    reader = Reader(
        project.calendar,
        _remembering(lambda address: page_template(address, project.page_rules)),
        to_ms(now),
        _sent_ms(sent_at),
    )
    good: list[_Read] = []
    faults: list[dict[str, Any]] = []
    for index, raw in enumerate(events):
        message_id: str | None = None
        meaning: Use | Facts | Fault
        if memoryview(raw).nbytes > limits.EVENT_BYTES:
            meaning = Fault(TOO_LARGE, f"At most {limits.EVENT_BYTES} bytes an event.")
        else:
            try:
                event = decode(raw)
            except ValueError as error:
                meaning = _undecodable(error)
            except RecursionError:
                meaning = Fault(INVALID_EVENT, f"At most {limits.NESTING} levels.")
            else:
                message_id = event.messageId
                meaning = reader.read(event)
        if isinstance(meaning, Fault):
            faults.append(
                {
                    "index": index,
                    "messageId": message_id if is_name(message_id, _MESSAGE_ID) else None,
                    "code": meaning.code,
                    "detail": meaning.detail,
                }
            )
        else:
            good.append(_Read(index, message_id, meaning))
    return good, faults


def _undecodable(error: ValueError) -> Fault:
    """Say which member is at fault, in words of ours: the decoder's may quote the sender's."""
    path = str(error).rpartition("`$.")[2].rstrip("`") if "`$." in str(error) else ""
    if path == "timestamp":
        return INVALID_TIME_FAULT
    return Fault(INVALID_EVENT, f"{path} is of the wrong type." if path else "Must be an event.")


def _once_each(good: list[_Read]) -> tuple[list[_Read], int]:
    """Drop events whose message id stands earlier in the same batch; return them and how many."""
    seen: set[str] = set()
    once = []
    for read in good:
        if read.message_id is not None:
            if read.message_id in seen:
                continue
            seen.add(read.message_id)
        once.append(read)
    return once, len(good) - len(once)


def _answer(good: list[_Read], duplicates: int, faults: list[dict[str, Any]]) -> dict[str, Any]:
    answer = {
        "stored": len(good),
        "duplicates": duplicates,
        "rejected": len(faults),
        "errors": faults[: limits.ERRORS_LISTED],
    }
    if len(faults) > limits.ERRORS_LISTED:
        answer["errors_truncated"] = True
    return answer


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
