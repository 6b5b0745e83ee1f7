"""Which surveys a server's event has armed for somebody: kept with the person's one row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from backend.domain.events import Person
from backend.storage.fast import Sql, from_json, to_json

# survey -> event -> [since, until] in ms since 1970
Armed = dict[str, dict[str, list[int]]]

_ARMED = Sql(
    "SELECT key, armed FROM users WHERE project_id = ? AND user_id = ? AND is_anonymous = ?",
    postgresql_suffix=" FOR NO KEY UPDATE",
)
_ARM = Sql("UPDATE users SET armed = ? WHERE key = ?")


def change(
    connection: Connection, project_id: str, person: Person, merged: Callable[[Armed], Armed]
) -> None:
    """Replace what is armed for a person, whom the batch before has added, by `merged` of it."""
    row = _ARMED(connection, (project_id, person.id, person.is_anonymous)).fetchone()
    if row is not None:
        old: Any = from_json(row[1]) or {}
        _ARM(connection, (to_json(merged(old)), row[0]))
