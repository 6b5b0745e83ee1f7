"""Several statements in one round trip to PostgreSQL."""

import psycopg
import pytest
from sqlalchemy import text

from backend.config import Config
from backend.domain.errors import StorageUnavailableError
from backend.storage import pings
from backend.storage.db import Database
from backend.storage.fast import Sql, commit, together

VALUES = (b"\x00\xff", True, False, -5, 0.1, "a\"\\é\n{}'", None)
ECHO = Sql(
    "SELECT CAST(? AS bytea), CAST(? AS bool), CAST(? AS bool), CAST(? AS bigint),"
    " CAST(? AS float8), CAST(? AS text), CAST(? AS json)"
)
DIVIDE = Sql("SELECT 6 / CAST(? AS integer)")
TEXTS = ["a,b", '"q"', "\\n", "\n", "{}", "NULL", "", " é "]


@pytest.fixture
def pg(postgresql_template):
    db = Database(Config(database_url=postgresql_template).url)
    yield db
    db.close()


@pytest.fixture
def numbers(pg):
    """A table: the statement that adds a number, and what is in it."""
    pg.write(lambda connection: connection.execute(text("CREATE TABLE trip_numbers (n integer)")))
    query = text("SELECT n FROM trip_numbers ORDER BY n")
    add = Sql("INSERT INTO trip_numbers VALUES (?)")
    yield add, lambda: pg.write(lambda connection: list(connection.scalars(query)))
    pg.write(lambda connection: connection.execute(text("DROP TABLE trip_numbers")))


def test_each_statement_gets_its_values_and_its_own_rows(pg):
    unnest = Sql("SELECT x FROM unnest(CAST(? AS text[])) x")

    def work(connection):
        with together(connection):
            echo, divided = ECHO(connection, VALUES), DIVIDE(connection, (2,))
            arrays = unnest(connection, (TEXTS,))
        return echo.fetchone(), echo.fetchone(), divided.fetchall(), arrays.fetchall()

    for _ in range(2):  # the second time they are prepared
        assert pg.write(work) == (VALUES, None, [(3,)], [(each,) for each in TEXTS])


def test_a_statement_that_fails_undoes_all_and_the_connection_goes_on(pg, numbers):
    add, stored = numbers

    def work(connection):
        with together(connection):
            add(connection, (1,))
            DIVIDE(connection, (0,))
            add(connection, (2,))
            commit(connection)

    for _ in range(2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            pg.write(work)

    assert stored() == []


@pytest.mark.parametrize("undo", ["ROLLBACK TO here", "DROP TABLE gone"])
def test_what_psycopg_drops_is_prepared_again(pg, undo):
    def work(connection):
        with together(connection):
            DIVIDE(connection, (2,))

    def spoil(connection):
        driver = connection.connection.dbapi_connection
        for _ in range(10):  # until it is one of psycopg's prepared statements
            driver.execute("SELECT 1")
        for each in ("CREATE TEMP TABLE IF NOT EXISTS gone ()", "SAVEPOINT here", undo):
            driver.execute(each)

    for spoiled in (work, spoil, work, spoil, work):
        pg.write(spoiled)


def test_what_is_prepared_again_after_reads_does_not_pile_up_on_the_server(pg):
    count = Sql("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'zeroten_' || ?")

    def work(connection):
        with together(connection):
            DIVIDE(connection, (2,))
            prepared = count(connection, ("%",))
        return prepared.fetchone()[0]

    for _ in range(10):
        pg.write(work)
        with pg.read() as session:
            session.execute(text("SELECT 1"))

    assert pg.write(work) == 3


def test_a_text_with_a_nul_is_refused_and_not_cut(pg):
    def work(connection):
        with together(connection):
            ECHO(connection, (*VALUES[:5], "a\0b", None))

    with pytest.raises(psycopg.DataError):
        pg.write(work)


def test_trips_and_single_statements_are_one_transaction(pg, numbers):
    add, stored = numbers

    def work(connection):
        with together(connection):
            add(connection, (1,))
        add(connection, (2,))
        with together(connection):
            add(connection, (3,))
        raise LookupError

    with pytest.raises(LookupError):
        pg.write(work)
    assert stored() == []


def test_what_a_trip_commits_stays_whatever_comes_after_it(pg, numbers):
    add, stored = numbers

    def work(connection):
        with together(connection):
            add(connection, (1,))
            commit(connection)
        raise LookupError

    with pytest.raises(LookupError):
        pg.write(work)
    assert stored() == [1]


def test_an_error_while_gathering_sends_nothing(pg, numbers):
    add, stored = numbers

    def work(connection):
        with together(connection):
            add(connection, (1,))
            raise LookupError

    with pytest.raises(LookupError):
        pg.write(work)
    assert stored() == []


def test_more_than_the_sockets_hold_goes_both_ways(pg):
    long = "x" * 3_000_000

    def work(connection):
        with together(connection):
            rows = [ECHO(connection, (*VALUES[:5], long, None)) for _ in range(5)]
        return [row.fetchone()[5] == long for row in rows]

    assert pg.write(work) == [True] * 5


def own_pid(connection):
    return connection.connection.dbapi_connection.info.backend_pid


def end(db, pid):
    address = db.engine.url.set(drivername="postgresql").render_as_string(False)
    with psycopg.connect(address) as other:
        ended = other.execute("SELECT pg_terminate_backend(%s, 30000)", [pid]).fetchone()
    assert ended == (True,)


def test_a_connection_that_was_idle_and_is_gone_is_replaced_before_it_is_used(pg, monkeypatch):
    monkeypatch.setattr(pings, "IDLE_S", 0)
    lost = pg.write(own_pid)
    end(pg, lost)
    assert pg.write(own_pid) != lost


def test_a_connection_that_goes_while_it_is_in_use_fails_one_request_and_no_more(pg):
    def work(connection):
        with together(connection):
            DIVIDE(connection, (2,))
        end(pg, own_pid(connection))
        with together(connection):
            DIVIDE(connection, (2,))

    with pytest.raises(StorageUnavailableError):
        pg.write(work)

    assert pg.write(own_pid) is not None
    assert pg.write(lambda connection: DIVIDE(connection, (3,)).fetchone()) == (2,)
