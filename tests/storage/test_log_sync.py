"""Nobody is answered before the log is on disk, though the next group is written meanwhile."""

import errno
import sqlite3
import threading

import pytest
from sqlalchemy import text

from backend.config import Config
from backend.domain.errors import StorageUnavailableError
from backend.storage.db import Database
from backend.storage.log_sync import LogSync
from tests.storage.running import Running, wait_until

LONG_S = 30


@pytest.fixture
def small(tmp_path):
    """A SQLite database with one table of one column."""
    db = Database(Config(data_dir=tmp_path).url, pool_size=3)
    db.write(lambda connection: connection.execute(text("CREATE TABLE t (a INTEGER PRIMARY KEY)")))
    yield db
    db.close()


class Disk:
    """Syncs when it is let, and fails while `is_broken`."""

    def __init__(self):
        self.begun = 0
        self.go_on = threading.Event()
        self.is_broken = False

    def sync(self, _file):
        self.begun += 1
        assert self.go_on.wait(LONG_S)
        if self.is_broken:
            raise OSError(errno.EIO, "Input/output error")


@pytest.fixture
def disk(small, monkeypatch):
    """The disk under the writer's log."""
    disk = Disk()
    monkeypatch.setattr(small._writer._log, "_sync", disk.sync)
    yield disk
    disk.go_on.set()


def add(number):
    return lambda connection: connection.execute(text("INSERT INTO t VALUES (:a)"), {"a": number})


def stored(db):
    with db.read() as session:
        return sorted(session.execute(text("SELECT a FROM t")).scalars())


def test_the_next_group_is_written_during_a_sync_and_both_are_answered_after_theirs(small, disk):
    first = Running(lambda: small.write(add(1)))
    wait_until(lambda: disk.begun == 1, LONG_S)
    others = [Running(lambda number=number: small.write(add(number))) for number in (2, 3)]
    wait_until(lambda: stored(small) == [1, 2, 3], LONG_S)
    # Whoever passed the lead on waits for a sync by then.
    wait_until(lambda: not small._writer._turns._is_led, LONG_S)

    assert first._thread.is_alive()
    assert all(other._thread.is_alive() for other in others)
    disk.go_on.set()
    assert [each.error() for each in (first, *others)] == [None] * 3
    # The second sync is for all who waited during the first.
    assert disk.begun == 2


def test_work_hears_of_its_commit_before_it_is_on_disk(small, disk):
    committed = threading.Event()
    running = Running(lambda: small.write(add(1), committed=committed.set))
    assert committed.wait(LONG_S)

    assert stored(small) == [1]
    assert running._thread.is_alive()
    disk.go_on.set()
    assert running.error() is None


def test_work_that_fails_to_commit_hears_of_none(small):
    told = []

    def break_the_commit(connection):
        connection.exec_driver_sql("CREATE TABLE p (a INTEGER PRIMARY KEY)")
        connection.exec_driver_sql(
            "CREATE TABLE c (a REFERENCES p (a) DEFERRABLE INITIALLY DEFERRED)"
        )
        connection.exec_driver_sql("INSERT INTO c VALUES (7)")

    with pytest.raises(sqlite3.IntegrityError):
        small.write(break_the_commit, committed=lambda: told.append(True))
    assert told == []


def test_closing_waits_for_a_sync_that_runs(small, disk):
    running = Running(lambda: small.write(add(1)))
    wait_until(lambda: disk.begun == 1, LONG_S)
    closing = Running(small._writer.close)

    disk.go_on.set()
    assert running.error() is None
    assert closing.error() is None


def test_after_a_failed_sync_the_log_is_copied_into_the_file_before_more_is_added(
    small, disk, tmp_path
):
    disk.is_broken = True
    disk.go_on.set()
    with pytest.raises(StorageUnavailableError):
        small.write(add(1))
    disk.is_broken = False

    small.write(add(2))

    assert stored(small) == [1, 2]
    # What could not be synced stands in the file itself, which has no need of its log.
    alone = tmp_path / "alone.db"
    alone.write_bytes((tmp_path / "zeroten.db").read_bytes())
    with sqlite3.connect(alone) as copy:
        assert copy.execute("SELECT a FROM t").fetchall() == [(1,)]


def test_a_sync_that_follows_a_failed_one_counts_for_nothing(small, disk):
    first = Running(lambda: small.write(add(1)))
    wait_until(lambda: disk.begun == 1, LONG_S)
    second = Running(lambda: small.write(add(2)))
    wait_until(lambda: stored(small) == [1, 2], LONG_S)
    disk.is_broken = True
    disk.go_on.set()

    assert isinstance(first.error(), StorageUnavailableError)
    assert isinstance(second.error(), StorageUnavailableError)
    assert disk.begun == 1


def test_while_the_log_cannot_be_copied_nothing_is_added(small, disk, monkeypatch):
    disk.is_broken = True
    disk.go_on.set()
    with small.read() as session:
        session.execute(text("SELECT a FROM t")).all()
        with pytest.raises(StorageUnavailableError):
            small.write(add(1))
        small._writer._connection.connection.dbapi_connection.execute("PRAGMA busy_timeout=10")
        with pytest.raises(StorageUnavailableError):
            small.write(add(2))
    disk.is_broken = False

    small.write(add(3))
    assert stored(small) == [1, 3]


def test_only_the_writer_leaves_the_sync_to_others(small):
    levels = []
    small.write(
        lambda connection: levels.append(
            connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
        )
    )
    with small.read() as session:
        levels.append(session.execute(text("PRAGMA synchronous")).scalar_one())
    assert levels == [1, 2]


def test_a_log_that_is_let_go_is_on_disk_before(tmp_path):
    synced = []
    log = LogSync(sync=synced.append)
    driver = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    driver.execute("PRAGMA journal_mode=WAL")
    log.open(driver)
    driver.execute("CREATE TABLE t (a)")
    number = log.committed()

    log.close()
    log.wait(number)

    assert len(synced) == 1
    driver.close()
