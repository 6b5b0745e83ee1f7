"""SQLite's log is copied into the file beside the writer, and begins anew."""

import sqlite3

import pytest
from sqlalchemy import text

from backend.config import Config
from backend.storage import checkpoints
from backend.storage.db import Database
from tests.storage.running import wait_until

PAGES = 200


@pytest.fixture
def path(tmp_path):
    return tmp_path / "zeroten.db"


@pytest.fixture
def small(tmp_path, path, monkeypatch):
    """A database that is to be copied after every ten rows."""
    monkeypatch.setattr(checkpoints, "ROWS_BETWEEN", 10)
    db = Database(Config(data_dir=tmp_path).url, pool_size=3)
    assert path.name in db.engine.url.database
    db.write(lambda connection: connection.execute(text("CREATE TABLE t (a INTEGER, b BLOB)")))
    yield db
    db.close()


def fill(db, rows=PAGES):
    """Write rows of a page each."""
    statement = text("INSERT INTO t VALUES (1, zeroblob(4000))")
    db.write(lambda connection: [connection.execute(statement) for _ in range(rows)])


def test_what_was_committed_comes_into_the_file_while_the_database_is_open(small, path):
    fill(small)
    wait_until(lambda: path.stat().st_size >= PAGES * 4_000, 30)


def test_few_rows_are_left_in_the_log(small, path):
    before = path.stat().st_size
    fill(small, 5)
    assert small._writer._checkpoints._thread is None
    assert path.stat().st_size == before


def test_the_rest_is_copied_in_the_writers_own_turn_and_the_log_begins_anew(
    small, path, monkeypatch
):
    monkeypatch.setattr(checkpoints, "MOST_PAGES", 0)
    in_turn = small._writer._checkpoints._in_turn
    turns = []

    def noted(work):
        turns.append(in_turn(lambda driver: (work(driver), driver.in_transaction)))

    monkeypatch.setattr(small._writer._checkpoints, "_in_turn", noted)
    fill(small)
    wait_until(lambda: turns, 30)
    ((pages, is_in_transaction),) = turns
    assert pages >= PAGES
    assert not is_in_transaction
    log = path.with_name(path.name + "-wal")
    before = log.stat().st_size
    fill(small, 5)
    assert log.stat().st_size == before


def test_a_checkpoint_that_fails_harms_no_writer(small, monkeypatch):
    def fail(_driver):
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(sqlite3.OperationalError):
        small._writer._between(fail)
    fill(small, 1)
    with small.read() as session:
        assert session.execute(text("SELECT count(*) FROM t")).scalar_one() == 1
