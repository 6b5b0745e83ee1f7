"""Migrations run up, down and up again on both databases, with rows in every table."""

from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import BigInteger, Boolean, Float, Integer, LargeBinary, insert, select, text

from backend.config import Config
from backend.storage.db import Database
from backend.storage.migrate import _ROOT, current_revision, downgrade, head_revision, migrate
from backend.storage.models import Base
from backend.storage.models.base import UtcTime


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """A database without tables."""
    url = ""
    if request.param == "postgresql":
        import psycopg

        home = request.getfixturevalue("postgresql_url")
        url = home.replace("/postgres?", "/migrations?")
        with psycopg.connect(home, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS migrations")
            connection.execute("CREATE DATABASE migrations")
    db = Database(Config(data_dir=tmp_path, database_url=url).url, pool_size=1)
    yield db
    db.close()


def value_for(column, number):
    """Return a value that the column takes."""
    kind = column.type
    if isinstance(kind, UtcTime):
        return datetime(2026, 11, 22, tzinfo=UTC)
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Float):
        return 0.5
    if isinstance(kind, (Integer, BigInteger)):
        return number
    if isinstance(kind, LargeBinary):
        return b"\0" * 4
    if kind.python_type is str:
        return "x1"
    return {"a": [1, None, "é"]}


def fill(db):
    """Put one row into every table, parents first."""

    def work(connection):
        for table in Base.metadata.sorted_tables:
            row = {column.name: value_for(column, 1) for column in table.columns}
            connection.execute(insert(table), row)

    db.write(work)


def contents(db):
    with db.read() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table))]
            for table in Base.metadata.sorted_tables
        }


def revision(db):
    with db.engine.connect() as connection:
        return current_revision(connection)


def revisions():
    script = ScriptDirectory.from_config(AlembicConfig(_ROOT / "alembic.ini"))
    return [each.revision for each in script.walk_revisions()]


def test_there_is_one_head_and_revisions_stand_in_one_line():
    script = ScriptDirectory.from_config(AlembicConfig(_ROOT / "alembic.ini"))
    assert len(script.get_heads()) == len(script.get_bases()) == 1
    assert head_revision() == script.get_heads()[0]


def test_migrations_run_up_down_step_by_step_and_up_again_with_rows_in_every_table(empty):
    assert revision(empty) is None
    migrate(empty.engine)
    assert revision(empty) == head_revision()
    fill(empty)
    before = contents(empty)
    assert all(len(rows) == 1 for rows in before.values())

    for older in [*revisions()[1:], "base"]:
        downgrade(empty.engine, older)
    assert revision(empty) is None
    migrate(empty.engine)

    assert revision(empty) == head_revision()
    assert not any(contents(empty).values())
    fill(empty)
    assert contents(empty) == before


def test_migrating_twice_changes_nothing(empty):
    migrate(empty.engine)
    fill(empty)
    before = contents(empty)
    migrate(empty.engine)
    assert contents(empty) == before


def test_a_migration_keeps_the_rows_of_the_release_before(empty):
    steps = revisions()[::-1]
    migrate(empty.engine, steps[0])
    with empty.engine.execution_options(writes=True).begin() as connection:
        connection.execute(
            text(
                "INSERT INTO batches (project_id, key, received_at, result)"
                " VALUES ('prj_1', 'k', 1, '{}')"
            )
        )
    migrate(empty.engine)
    assert [row[:2] for row in contents(empty)["batches"]] == [("prj_1", "k")]


def test_the_models_are_what_the_migrations_make(empty):
    migrate(empty.engine)
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
