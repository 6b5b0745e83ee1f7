"""One writer commits for many: each caller learns of its own piece, and of no other's."""

import sqlite3
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from backend.config import Config
from backend.domain.errors import NotFoundError, ShuttingDownError, StorageUnavailableError
from backend.storage import db as database
from backend.storage import turns
from backend.storage.db import Database
from tests.storage.running import Running, wait_until


@pytest.fixture
def small(tmp_path):
    """A SQLite database with one table of one column."""
    db = Database(Config(data_dir=tmp_path).url, pool_size=2)
    db.write(lambda connection: connection.execute(text("CREATE TABLE t (a INTEGER PRIMARY KEY)")))
    yield db
    db.close()


def add(number):
    return lambda connection: connection.execute(text("INSERT INTO t VALUES (:a)"), {"a": number})


def stored(db):
    with db.read() as session:
        return sorted(session.execute(text("SELECT a FROM t")).scalars())


def held_up(db):
    """Keep the writer busy until `set` is called, so that what comes meanwhile forms a group."""
    begun, go_on = threading.Event(), threading.Event()

    def work(_connection):
        begun.set()
        go_on.wait(10)

    first = Running(lambda: db.write(work))
    begun.wait(10)
    return first, go_on


def test_one_failing_piece_does_not_harm_its_neighbours(small):
    small.write(add(1))
    first, go_on = held_up(small)

    def half_done(connection):
        add(99)(connection)
        raise NotFoundError

    pieces = [Running(lambda: small.write(add(2)))]
    pieces.append(Running(lambda: small.write(add(1))))
    pieces.append(Running(lambda: small.write(half_done)))
    pieces.append(Running(lambda: small.write(add(3))))
    wait_until(lambda: len(small._writer._turns._waiting) == 4)
    go_on.set()

    assert first.error() is None
    assert [type(piece.error()) for piece in pieces] == [
        type(None),
        IntegrityError,
        NotFoundError,
        type(None),
    ]
    assert stored(small) == [1, 2, 3]


def test_a_failed_commit_is_told_to_everyone_and_stores_nothing(small):
    forgotten = []
    small.on_rollback.append(lambda: forgotten.append(True))
    _, go_on = held_up(small)
    pieces = [Running(lambda number=number: small.write(add(number))) for number in (1, 2)]

    def break_the_commit(connection):
        # A deferred foreign key that is not met makes COMMIT itself fail.
        connection.exec_driver_sql("CREATE TABLE p (a INTEGER PRIMARY KEY)")
        connection.exec_driver_sql(
            "CREATE TABLE c (a REFERENCES p (a) DEFERRABLE INITIALLY DEFERRED)"
        )
        connection.exec_driver_sql("INSERT INTO c VALUES (7)")

    pieces.append(Running(lambda: small.write(break_the_commit)))
    wait_until(lambda: len(small._writer._turns._waiting) == 3)
    go_on.set()

    assert all(piece.error() is not None for piece in pieces)
    assert stored(small) == []
    assert forgotten
    small.write(add(4))
    assert stored(small) == [4]


def test_close_finishes_what_waits_and_takes_no_more(small):
    _, go_on = held_up(small)
    pieces = [Running(lambda number=number: small.write(add(number))) for number in range(10)]
    wait_until(lambda: len(small._writer._turns._waiting) == 10)
    closing = Running(small._writer.close)
    go_on.set()

    assert closing.error() is None
    assert [piece.error() for piece in pieces] == [None] * 10
    assert stored(small) == list(range(10))
    with pytest.raises(ShuttingDownError):
        small.write(add(11))


def test_a_caller_who_waited_too_long_is_told_and_its_piece_never_runs(small, monkeypatch):
    monkeypatch.setattr(turns, "ANSWER_WITHIN_S", 0.05)
    first, go_on = held_up(small)
    late = Running(lambda: small.write(add(1)))

    assert isinstance(late.error(), StorageUnavailableError)
    go_on.set()
    first.error()
    small.write(add(2))

    assert stored(small) == [2]


def test_a_locked_file_is_an_outage_and_not_an_error_of_the_caller(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    db = Database(Config(data_dir=tmp_path).url, pool_size=2)
    db.write(lambda connection: connection.execute(text("CREATE TABLE t (a INTEGER PRIMARY KEY)")))
    other = sqlite3.connect(tmp_path / "zeroten.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StorageUnavailableError):
        db.write(add(1))
    assert stored(db) == []

    other.execute("ROLLBACK")
    other.close()
    db.write(add(2))
    assert stored(db) == [2]
    db.close()
