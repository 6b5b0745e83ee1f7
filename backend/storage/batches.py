"""Batch keys and message ids: what makes a resend harmless."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.storage.models import Batch, SeenMessage

KEYS_KEPT: Final = timedelta(days=7)
MESSAGES_KEPT: Final = timedelta(hours=24)

_FIRST = select(Batch.result).where(
    Batch.project_id == bindparam("project"), Batch.key == bindparam("batch_key")
)
_CLAIM = {
    "sqlite": sqlite.insert(Batch).on_conflict_do_nothing().returning(Batch.key),
    "postgresql": postgresql.insert(Batch).on_conflict_do_nothing().returning(Batch.key),
}
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
    connection: Connection, project_id: str, key: str, result: dict[str, Any], now: datetime
) -> dict[str, Any] | None:
    """Take the key; None when it is ours now, else the answer that its first batch got."""
    taken = connection.execute(
        _CLAIM[connection.dialect.name],
        {"project_id": project_id, "key": key, "received_at": now, "result": result},
    )
    # Not `rowcount`: with psycopg SQLAlchemy does not know it for an INSERT.
    if taken.first() is not None:
        return None
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
