"""Which usage store a configuration means."""

from __future__ import annotations

from backend.storage.usage.sql import SQL
from backend.storage.usage.store import UsageStore


def open_usage(url: str) -> UsageStore:
    """Return the store at `url`: empty means the main database itself.

    It connects when it is first needed, so that a store that is away keeps nothing from starting.
    """
    if not url:
        return SQL
    # Imported here: the driver is an extra that only this store needs.
    from backend.storage.usage.clickhouse import ClickHouseUsage

    return ClickHouseUsage(url)
