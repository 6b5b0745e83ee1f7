"""Counts batches of usage events: each one exactly once, however often it is sent."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from backend.domain.arming import together
from backend.domain.errors import DomainError
from backend.domain.events import Facts
from backend.domain.rollup import Rollup
from backend.services import arming
from backend.services.clock import to_ms
from backend.services.erased import ErasedList
from backend.services.ingest_batch import Countable, Reading, Terms
from backend.services.ingest_load import Load
from backend.services.published import PublishedProject
from backend.storage import batches, fast, links, people
from backend.storage.db import Database
from backend.storage.turns import Piece, Turns
from backend.storage.usage import pending, recent, removing
from backend.storage.usage.names import NameIds
from backend.storage.usage.store import UsageBatch, UsageStore
from backend.storage.usage.user_keys import UserKeys

# Batches of 500 events: what one transaction takes stays below half a second.
MOST_TOGETHER: Final = 32


def terms_of(
    project: PublishedProject, now: datetime, key: str | None = None, sent_at: str | None = None
) -> Terms:
    """Return what reading a batch for `project` needs to know."""
    timezone, arming_events = project.calendar.zone.key, frozenset(project.armed_by)
    return Terms(timezone, project.page_rules, arming_events, to_ms(now), key, sent_at)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A batch that waits for its turn."""

    project: PublishedProject
    batch: Countable
    now: datetime

    @property
    def reading(self) -> Reading:
        """What is counted, unless something of it was counted before."""
        return self.batch.reading


class Ingest:
    """Counts the batches of a server's threads; those that wait are written as one.

    Many batches name the same people and neighbouring rows: written together each person is read
    and changed once, and each page of the database is touched once.
    """

    def __init__(self, db: Database, usage: UsageStore, erased: ErasedList) -> None:
        self._db = db
        self._usage = usage
        self._erased = erased
        self._names = NameIds()
        self._keys = UserKeys()
        self._load = Load()
        self._turns = Turns(self._serve, MOST_TOGETHER)
        db.on_rollback += [self._names.forget, self._keys.forget]

    def record(
        self,
        project: PublishedProject,
        batch: Countable,
        now: datetime,
    ) -> dict[str, Any]:
        """Count `batch` for `project`; return what a sender is told.

        A batch's key and its effect commit together, so the same key again gives the first answer
        and changes nothing. A batch without a key of its own is also checked message by message
        against the last 24 hours: clients that regroup their events cannot count them twice.

        Raises:
            StorageUnavailableError: nothing was counted; send the same again.
        """
        # Read before its turn comes: a transaction is as short as its rows allow.
        told: dict[str, Any] = self._turns.submit(Waiting(project, batch, now))
        return told

    def _serve(self, pieces: list[Piece]) -> None:
        """Count the batches of `pieces` together; when that fails, each for itself."""
        try:
            told = self._db.write(
                lambda connection: self._count(connection, pieces),
                committed=lambda: self._turns.pass_on(pieces),
            )
        except BaseException as error:
            if len(pieces) == 1 or isinstance(error, DomainError):
                for piece in pieces:
                    piece.error = error
            else:
                for piece in pieces:
                    self._serve([piece])
        else:
            for piece, result in zip(pieces, told, strict=True):
                piece.result = result

    def _count(self, connection: Connection, pieces: list[Piece]) -> list[dict[str, Any]]:
        """Count batches in one transaction; return what each sender is told."""
        self._load.met(len(pieces))
        waiting = self._without_erased(connection, [piece.work for piece in pieces])
        fresh, repeated = _claim(connection, waiting)
        told = _count_once(connection, [waiting[at] for at in fresh])
        by_project: dict[str, list[tuple[Waiting, Rollup]]] = {}
        for at, (effect, _) in zip(fresh, told, strict=True):
            by_project.setdefault(waiting[at].project.id, []).append((waiting[at], effect))
        # In the order of their ids, so that two transactions never wait in a circle.
        for _, effects in sorted(by_project.items()):
            self._apply(connection, effects)
        answers = {at: answer for at, (_, answer) in zip(fresh, told, strict=True)}
        for at in repeated:
            batch = waiting[at]
            answers[at] = batches.first_result(
                connection, batch.project.id, batch.reading.key or ""
            )
        return [answers[at] for at in range(len(waiting))]

    def _without_erased(self, connection: Connection, waiting: list[Waiting]) -> list[Waiting]:
        """Return the batches, with faults in place of events about people who were erased.

        Asked here, once for all of them, and not when they arrive: most projects erased nobody.
        """
        ids = {batch.project.id for batch in waiting}
        concerned = {each for each in ids if self._erased.has_any(each, connection)}
        if not concerned:
            return waiting
        return [
            self._refusing(connection, batch) if batch.project.id in concerned else batch
            for batch in waiting
        ]

    def _refusing(self, connection: Connection, batch: Waiting) -> Waiting:
        ids = batch.reading.rollup.ids()
        erased = self._erased.among(batch.project.id, ids, connection)
        return replace(batch, batch=batch.batch.refusing(erased)) if erased else batch

    def _apply(self, connection: Connection, effects: list[tuple[Waiting, Rollup]]) -> None:
        """Write what batches of one project say."""
        last = effects[-1][0]
        project, now = last.project, last.now
        rollups = [effect for _, effect in effects]
        # Before any other lock, as whoever removes people does.
        removals = removing.hold_off(connection, project.id) if self._is_busy(connection) else None
        armed = together(batch.reading.armed for batch, _ in effects)
        facts: Sequence[Facts] = [fact for rollup in rollups for fact in rollup.facts]
        found = {link for rollup in rollups for link in rollup.links}
        named = set(armed)
        if facts or found:
            named.update(person for rollup in rollups for person in rollup.people())
        if named:
            people.hold(connection, project.id, named, now)
        if facts:
            facts = people.within_cap(connection, project.id, facts, self._names)
            people.learn(connection, project.id, facts, now)
        if found:
            links.link(connection, project.id, found, now)
        noted = self._note(connection, project.id, rollups, removals)
        # Any key of the group names its rows: what has one was never written before.
        key = last.reading.key or secrets.token_hex(16)
        # At once: until the commit the other processes' batches wait for whomever these name.
        with fast.together(connection):
            noted.save(connection)
            self._usage.record(connection, UsageBatch(project.id, key, noted.rows))
        if armed:
            arming.arm(connection, project, armed, to_ms(now))

    def _note(
        self,
        connection: Connection,
        project_id: str,
        rollups: Sequence[Rollup],
        removals: int | None,
    ) -> recent.Noted | pending.Later:
        """Return what batches say of people, to be written now or, with `removals`, later."""
        users, anonymous = recent.by_person(connection, project_id, rollups, self._names)
        if removals is None or not (users or anonymous):
            return recent.note_all(connection, project_id, users, anonymous)
        self._keys.trust(project_id, removals)
        return pending.note_later(connection, project_id, users, anonymous, self._keys)

    def _is_busy(self, connection: Connection) -> bool:
        return self._load.is_high and not pending.is_too_much(connection)


def _claim(connection: Connection, waiting: list[Waiting]) -> tuple[list[int], list[int]]:
    """Take the keys of batches; return the places of the new ones and of those sent before."""
    first: dict[tuple[str, str], int] = {}
    keys = [batch.reading.key for batch in waiting]
    for at, (batch, key) in enumerate(zip(waiting, keys, strict=True)):
        if key is not None:
            first.setdefault((batch.project.id, key), at)
    results = {key: waiting[at].reading.answer for key, at in first.items()}
    taken = batches.claim(connection, results, waiting[-1].now) if results else set()
    ours = {at for key, at in first.items() if key in taken}
    fresh = [at for at, key in enumerate(keys) if key is None or at in ours]
    return fresh, sorted(set(range(len(waiting))).difference(fresh))


def _count_once(
    connection: Connection, fresh: list[Waiting]
) -> list[tuple[Rollup, dict[str, Any]]]:
    """Return the effect and answer of each batch, without messages that were counted before."""
    new: dict[str, set[int]] = {}
    for project_id in sorted({batch.project.id for batch in fresh if batch.reading.messages}):
        hashes = {
            each
            for batch in fresh
            if batch.project.id == project_id
            for each in batch.reading.messages
        }
        new[project_id] = batches.unseen(connection, project_id, sorted(hashes), fresh[-1].now)
    told = []
    for batch in fresh:
        unseen, reading = new.get(batch.project.id, set()), batch.reading
        old = {text for hashed, text in reading.messages.items() if hashed not in unseen}
        unseen.difference_update(reading.messages)
        if old:
            effect, answer = batch.batch.without(old)
            batches.keep_result(connection, batch.project.id, reading.key or "", answer)
        else:
            effect, answer = reading.rollup, reading.answer
        told.append((effect, answer))
    return told
