"""`zeroten usage copy`."""

import pytest

from backend.cli import main
from backend.storage.usage.sql import SQL
from backend.storage.usage.store import UsageBatch, UsageRow


@pytest.fixture
def environment(db, config, tmp_path, monkeypatch):
    """The database of the test as the command line finds it."""
    monkeypatch.setenv("ZEROTEN_DATA", str(config.data_dir))
    monkeypatch.setenv("DATABASE_URL", config.database_url)
    monkeypatch.setenv("ENCRYPTION_KEYS", "4KPvOdVzE2DRNtGxfXQBCZRrPeOxYgSVLQW9wMrmcdE=")
    monkeypatch.delenv("USAGE_URL", raising=False)
    return db


def test_the_copy_needs_to_know_where(environment, capsys):
    assert main(["usage", "copy"]) != 0
    assert "USAGE_URL" in capsys.readouterr().err


def test_a_store_that_is_away_is_told_without_a_traceback(environment, monkeypatch, capsys):
    rows = [UsageRow(user, 20_000, 1, 2, 0, 0) for user in range(1, 6)]
    environment.write(lambda connection: SQL.record(connection, UsageBatch("prj_1", "k", rows)))
    monkeypatch.setenv("USAGE_URL", "clickhouse://127.0.0.1:1/zeroten")
    assert main(["usage", "copy"]) != 0
    told = capsys.readouterr().err
    assert told.strip()
    assert "Traceback" not in told
