"""Each usage store on its database: SQL on SQLite and PostgreSQL, ClickHouse beside both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.storage.db import Database
from backend.storage.usage.clickhouse import ClickHouseUsage
from backend.storage.usage.sql import SQL
from backend.storage.usage.store import UsageStore


@pytest.fixture(scope="session")
def clickhouse_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine keeps to one folder a process."""
    return tmp_path_factory.mktemp("clickhouse")


@pytest.fixture
def clickhouse(clickhouse_folder: Path) -> Iterator[ClickHouseUsage]:
    """An empty store in ClickHouse's engine, in this process."""
    store = ClickHouseUsage(f"chdb://{clickhouse_folder}")
    with store._connected() as client:
        client.command("TRUNCATE TABLE usage_days")
    yield store
    store.close()


@pytest.fixture(params=["sql", "clickhouse"])
def usage(request: pytest.FixtureRequest, db: Database) -> UsageStore:
    """The store under test; `db` runs each on SQLite and PostgreSQL."""
    if request.param == "sql":
        return SQL
    return request.getfixturevalue("clickhouse")
