"""Writing on both databases, and what PostgreSQL alone does."""

import sqlite3
import threading

import psycopg
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from backend.config import Config
from backend.domain.errors import NotFoundError, StorageUnavailableError
from backend.storage.db import MAX_TRIES, PAGE_BYTES, Database
from backend.storage.fast import Sql
from backend.storage.leases import lease
from backend.storage.models import Project
from tests.storage.running import Running


@pytest.fixture
def pg(postgresql_template):
    """The PostgreSQL of this run, with a counter to fight over."""
    db = Database(Config(database_url=postgresql_template).url)
    db.write(lambda connection: connection.execute(text("CREATE TABLE c (id int, n int)")))
    db.write(lambda connection: connection.execute(text("INSERT INTO c VALUES (1, 0), (2, 0)")))
    yield db
    db.write(lambda connection: connection.execute(text("DROP TABLE c")))
    db.close()


def rename(name):
    return lambda connection: connection.execute(update(Project).values(name=name))


def test_an_exception_undoes_the_work_and_reaches_the_caller(db, project):
    def work(connection):
        rename("Changed")(connection)
        raise NotFoundError

    with pytest.raises(NotFoundError):
        db.write(work)

    with db.read() as session:
        assert session.scalars(select(Project.name)).all() == ["Acme"]


def test_what_one_write_stored_the_next_read_sees(db, project):
    db.write(rename("Changed"))
    with db.read() as session:
        assert session.scalars(select(Project.name)).all() == ["Changed"]


def test_those_who_remember_are_told_of_every_rollback(db, project):
    told = []
    db.on_rollback.append(lambda: told.append(True))
    with pytest.raises(NotFoundError):
        db.write(lambda _: (_ for _ in ()).throw(NotFoundError()))
    assert told


def test_serialization_failures_are_tried_again(pg):
    tries = []

    def work(connection):
        tries.append(1)
        if len(tries) < 3:
            connection.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$"))
        return connection.execute(text("UPDATE c SET n = n + 1 WHERE id = 1 RETURNING n")).scalar()

    assert pg.write(work) == 1
    assert len(tries) == 3


def test_a_write_that_never_gets_through_is_given_up_as_an_outage(pg):
    tries = []

    def work(connection):
        tries.append(1)
        connection.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$"))

    with pytest.raises(StorageUnavailableError):
        pg.write(work)
    assert len(tries) == MAX_TRIES


def test_two_writes_that_lock_each_other_out_both_get_through(pg):
    meet = threading.Barrier(2, timeout=10)

    def crossing(first, second):
        is_first_try = [True]

        def work(connection):
            add = text("UPDATE c SET n = n + 1 WHERE id = :id")
            connection.execute(add, {"id": first})
            if is_first_try.pop() if is_first_try else False:
                meet.wait()
            connection.execute(add, {"id": second})

        return Running(lambda: pg.write(work))

    crossed = [crossing(1, 2), crossing(2, 1)]

    assert [each.error() for each in crossed] == [None, None]
    with pg.read() as session:
        assert session.execute(text("SELECT n FROM c")).scalars().all() == [2, 2]


def test_a_mistake_in_a_statement_is_not_tried_again(pg):
    tries = []

    def work(connection):
        tries.append(1)
        connection.execute(text("SELECT * FROM nothing_of_this_name"))

    with pytest.raises(DBAPIError):
        pg.write(work)
    assert len(tries) == 1


def test_a_job_is_held_by_one_worker_at_a_time(db):
    with lease(db, "profiles") as held:
        assert held
        with lease(db, "profiles") as second, lease(db, "other") as other:
            assert second is db.is_sqlite
            assert other
    with lease(db, "profiles") as again:
        assert again


def test_an_absent_server_is_an_outage():
    db = Database(Config(database_url="postgresql://127.0.0.1:1/nothing").url)
    with pytest.raises(StorageUnavailableError), db.read() as session:
        session.execute(text("SELECT 1"))
    with pytest.raises(StorageUnavailableError):
        db.write(lambda connection: None)
    db.close()


def test_a_mistake_in_a_statement_is_no_outage(db, project):
    def mistaken(connection):
        connection.execute(text("SELECT nothing_of_the_kind FROM projects"))

    with pytest.raises(DBAPIError):
        db.write(mistaken)
    with pytest.raises(DBAPIError), db.read() as session:
        mistaken(session)
    with pytest.raises((sqlite3.OperationalError, psycopg.errors.UndefinedColumn)):
        db.write(Sql("SELECT nothing_of_the_kind FROM projects"))


@pytest.mark.parametrize("earlier", [None, 4096])
def test_a_new_file_has_small_pages_and_an_older_one_keeps_its_own(tmp_path, earlier):
    path = tmp_path / "zeroten.db"
    if earlier:
        older = sqlite3.connect(path)
        older.execute(f"PRAGMA page_size={earlier}")
        older.execute("PRAGMA journal_mode=WAL")
        older.execute("CREATE TABLE t (n int)")
        older.close()
    db = Database(f"sqlite:///{path}")

    db.write(lambda connection: connection.execute(text("CREATE TABLE mine (n int)")))

    with db.read() as session:
        assert session.execute(text("PRAGMA page_size")).scalar() == (earlier or PAGE_BYTES)
        assert session.execute(text("PRAGMA mmap_size")).scalar() > 0
    db.close()
