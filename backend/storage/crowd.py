"""What is known of many people of one project at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection

from backend.storage import known
from backend.storage.fast import Sql, from_json
from backend.storage.known_user import KnownAccount, KnownUser, joined
from backend.storage.rows import Among

Id = tuple[str, bool]

_SPARE_KEYS: Final = 200

_PEOPLE = Among(known.COLUMNS + " WHERE u.project_id = ? AND u.user_id IN ? ORDER BY u.key")
_LINKED = Among(known.COLUMNS + " WHERE u.linked_to IN ? ORDER BY u.key")
_ACCOUNTS = Among(
    "SELECT key, account_id, traits FROM accounts WHERE project_id = ? AND account_id IN ?"
)
_HOLD = Sql(
    "SELECT key FROM users WHERE key = ANY(?) OR linked_to = ANY(?) ORDER BY key FOR NO KEY UPDATE"
)
_NEXT_KEYS: Final = {
    "users": Sql(
        "SELECT coalesce(max(key), 0) + ? FROM users",
        postgresql="SELECT nextval(pg_get_serial_sequence('users', 'key'))"
        " FROM generate_series(1, %s)",
    ),
    "accounts": Sql(
        "SELECT coalesce(max(key), 0) + ? FROM accounts",
        postgresql="SELECT nextval(pg_get_serial_sequence('accounts', 'key'))"
        " FROM generate_series(1, %s)",
    ),
}


class Keys:
    """Keys for new rows of a table, given out beforehand so that no insert has to be waited for.

    PostgreSQL's are kept from one group to the next; one that was not used is never used.
    """

    def __init__(self, table: str) -> None:
        self._next = _NEXT_KEYS[table]
        self._spare: deque[int] = deque()

    def ask(self, connection: Connection, most: int) -> Callable[[], None]:
        """Ask for `most` keys; what is returned takes them in."""
        if connection.dialect.name == "sqlite":
            first: int = self._next(connection, (1,)).fetchone()[0]
            self._spare = deque(range(first, first + most))
        elif len(self._spare) < most:
            rows = self._next(connection, (most + _SPARE_KEYS,))
            return lambda: self._spare.extend([row[0] for row in rows.fetchall()])
        return lambda: None

    def take(self) -> int:
        """Return a key that nobody else has."""
        return self._spare.popleft()


def ask_people(
    connection: Connection, project_id: str, ids: Collection[Id]
) -> Callable[[], dict[Id, KnownUser]]:
    """Ask for people; what is returned gives those ever seen, with the pasts of all their rows."""
    rows = _PEOPLE(connection, project_id, {user_id for user_id, _ in ids})
    return lambda: _with_linked(
        connection, [user for user in _users(rows.fetchall()) if _id(user) in ids]
    )


def ask_accounts(
    connection: Connection, project_id: str, ids: Collection[str]
) -> Callable[[], dict[str, KnownAccount]]:
    """Ask for accounts; what is returned gives those that there are."""
    if not ids:
        return dict
    rows = _ACCOUNTS(connection, project_id, ids)
    return lambda: {
        row[1]: KnownAccount(row[0], row[1], from_json(row[2])) for row in rows.fetchall()
    }


def _with_linked(connection: Connection, users: Sequence[KnownUser]) -> dict[Id, KnownUser]:
    persons = {user.linked_to for user in users if user.linked_to is not None}
    if not persons:
        return {_id(user): user for user in users}
    by_person: dict[int | None, list[KnownUser]] = {}
    for row in _users(_LINKED(connection, persons).fetchall()):
        by_person.setdefault(row.linked_to, []).append(row)
    return {
        _id(user): joined(
            user, [row for row in by_person.get(user.linked_to, ()) if row.key != user.key]
        )
        for user in users
    }


def hold(connection: Connection, persons: Collection[int]) -> None:
    """Have nobody else change these people, with all their ids, until the end (PostgreSQL)."""
    keys = sorted(persons)
    _HOLD(connection, (keys, keys))


def _users(rows: Iterable[Sequence[Any]]) -> list[KnownUser]:
    return [known.known_of(list(of_one)) for _, of_one in groupby(rows, key=itemgetter(0))]


def _id(user: KnownUser) -> Id:
    return user.user_id, user.is_anonymous
