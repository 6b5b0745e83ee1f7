"""Batch keys and message ids: what makes a resend harmless."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select, text, update

from backend.storage.fast import Sql, to_json, to_ms
from backend.storage.models import Batch, SeenMessage

KEYS_KEPT: Final = timedelta(days=7)
MESSAGES_KEPT: Final = timedelta(hours=24)

_FIRST = select(Batch.result).where(
    Batch.project_id == bindparam("project"), Batch.key == bindparam("batch_key")
)
# In the order of the keys: two transactions that claim the same ones never wait in a circle.
_CLAIM = Sql(
    "INSERT INTO batches (project_id, key, received_at, result)"
    " SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), ?,"
    " json_extract(value, '$[2]') FROM json_each(?) WHERE true"
    " ON CONFLICT (project_id, key) DO NOTHING RETURNING project_id, key",
    postgresql="INSERT INTO batches (project_id, key, received_at, result)"
    " SELECT value ->> 0, value ->> 1, %s, (value ->> 2)::json FROM json_array_elements(%s::json)"
    " AS value ON CONFLICT (project_id, key) DO NOTHING RETURNING project_id, key",
)
_SEEN = {
    "sqlite": text(
        "INSERT INTO seen_messages (project_id, message_hash, received_at)"
        " SELECT :project, value, :now FROM json_each(:hashes) WHERE true"
        " ON CONFLICT (project_id, message_hash) DO UPDATE SET received_at = excluded.received_at"
        " WHERE seen_messages.received_at < :oldest RETURNING message_hash"
    ),
    "postgresql": text(
        "INSERT INTO seen_messages (project_id, message_hash, received_at)"
        " SELECT :project, value, :now FROM unnest(CAST(:hashes AS bigint[])) AS value"
        " ORDER BY value"
        " ON CONFLICT (project_id, message_hash) DO UPDATE SET received_at = excluded.received_at"
        " WHERE seen_messages.received_at < :oldest RETURNING message_hash"
    ),
}


def claim(
    connection: Connection, results: Mapping[tuple[str, str], dict[str, Any]], now: datetime
) -> set[tuple[str, str]]:
    """Take keys; return those that are ours now, and not an earlier batch's.

    Args:
        results: what the batch of each (project id, key) is answered.
    """
    rows = [[*key, to_json(result)] for key, result in sorted(results.items(), key=_by_key)]
    return {tuple(row) for row in _CLAIM(connection, (to_ms(now), to_json(rows))).fetchall()}


def first_result(connection: Connection, project_id: str, key: str) -> dict[str, Any]:
    """Return the answer that the first batch with this key got."""
    first = connection.execute(_FIRST, {"project": project_id, "batch_key": key})
    found: dict[str, Any] = first.scalar_one()
    return found


def keep_result(connection: Connection, project_id: str, key: str, result: dict[str, Any]) -> None:
    """Replace the answer that the key was claimed with."""
    connection.execute(
        update(Batch).where(Batch.project_id == project_id, Batch.key == key).values(result=result)
    )


def unseen(connection: Connection, project_id: str, hashes: list[int], now: datetime) -> set[int]:
    """Note the message hashes; return those not seen in the last 24 hours."""
    if not hashes:
        return set()
    dialect = connection.dialect.name
    now_ms = round(now.timestamp() * 1000)
    parameters: dict[str, Any] = {
        "project": project_id,
        "now": now_ms,
        "oldest": now_ms - round(MESSAGES_KEPT.total_seconds() * 1000),
        "hashes": str(hashes) if dialect == "sqlite" else hashes,
    }
    return set(connection.execute(_SEEN[dialect], parameters).scalars())


def forget_old(connection: Connection, now: datetime) -> int:
    """Delete keys and message ids past their time; return how many."""
    keys = connection.execute(delete(Batch).where(Batch.received_at < now - KEYS_KEPT))
    messages = connection.execute(
        delete(SeenMessage).where(SeenMessage.received_at < now - MESSAGES_KEPT)
    )
    return keys.rowcount + messages.rowcount


def _by_key(item: tuple[tuple[str, str], Any]) -> tuple[str, str]:
    return item[0]
