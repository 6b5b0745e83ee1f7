"""Batches that wait for each other are written as one, and still each counts for itself."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from backend.api.ingest.wire import AnyEvent
from backend.domain.errors import StorageUnavailableError
from backend.services.ingest import Ingest, Waiting, terms_of
from backend.services.ingest_batch import Batch
from backend.services.published import Published
from backend.storage.models import UsageDay
from backend.storage.turns import Piece
from backend.storage.usage.sql import SqlUsage

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Usage(SqlUsage):
    """Counts the calls, and cannot store a row of 13 uses."""

    calls = 0

    def record(self, connection, batch):
        self.calls += 1
        if any(row[3] == 13 for row in batch.rows):
            raise ValueError
        return super().record(connection, batch)


@pytest.fixture
def serve(db, project, erased):
    """Count batches of (key, message ids) together; return the answers or errors, and the store."""
    usage = Usage()
    ingest, published = Ingest(db, usage, erased), Published(db).project(project.id)

    def run(*batches):
        pieces = [Piece(made(published, *batch)) for batch in batches]
        ingest._serve(pieces)
        return [piece.error or piece.result["stored"] for piece in pieces], usage

    return run


def made(project, key, message_ids, user="u1"):
    events = [
        AnyEvent(type="track", event="export", userId=user, messageId=each, timestamp=NOW)
        for each in message_ids
    ]
    return Waiting(project, Batch(events, terms_of(project, NOW, key)), NOW)


def counts(db):
    with db.read() as session:
        return sorted(session.scalars(select(UsageDay.count)))


def test_people_of_several_batches_are_written_once(db, serve):
    told, usage = serve(("a", ["1", "2"]), ("b", ["3"]), ("c", ["4"], "u2"))
    assert told == [2, 1, 1]
    assert usage.calls == 1
    assert counts(db) == [1, 3]


def test_one_key_twice_in_a_group_counts_once_and_both_hear_the_same(db, serve):
    told, _ = serve(("a", ["1", "2"]), ("a", ["9"]), ("b", ["3"]))
    assert told == [2, 2, 1]
    assert counts(db) == [3]


def test_one_message_in_two_batches_of_a_group_counts_once(db, serve):
    told, _ = serve((None, ["1", "2"]), (None, ["2", "3"]), (None, ["1", "2"]))
    assert told == [2, 1, 2]
    assert counts(db) == [3]


def test_a_batch_that_cannot_be_stored_fails_alone(db, serve):
    told, _ = serve(("a", ["1"]), ("b", list("abcdefghijklm"), "u2"), ("c", ["2"]))
    assert [told[0], type(told[1]), told[2]] == [1, ValueError, 1]
    assert counts(db) == [2]


def test_an_outage_is_told_to_all_and_tried_once(db, project, erased, monkeypatch):
    tries = []

    def refuse(_work, **_):
        tries.append(True)
        raise StorageUnavailableError(retry_after_s=2)

    monkeypatch.setattr(db, "write", refuse)
    pieces = [Piece(made(Published(db).project(project.id), key, ["1"])) for key in "ab"]
    Ingest(db, SqlUsage(), erased)._serve(pieces)
    assert [type(piece.error) for piece in pieces] == [StorageUnavailableError] * 2
    assert len(tries) == 1
