"""What is known of many people of one project at once, and what deciding about them writes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from backend.storage import known
from backend.storage.decisions import NewDecision, NewTicket
from backend.storage.fast import Sql, commit, from_json, to_ms, together
from backend.storage.known_user import KnownAccount, KnownUser, joined
from backend.storage.rows import Rows, adding

Id = tuple[str, bool]

_SPARE_KEYS: Final = 200

# For PostgreSQL alone; on SQLite a statement a person is as quick.
_PEOPLE = Sql(known.COLUMNS + " WHERE u.project_id = ? AND u.user_id = ANY(?) ORDER BY u.key")
_LINKED = Sql(known.COLUMNS + " WHERE u.linked_to = ANY(?) ORDER BY u.key")
_ACCOUNTS = Sql(
    "SELECT key, account_id, traits FROM accounts WHERE project_id = ? AND account_id = ANY(?)"
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

_ADD_USERS = adding(
    "users",
    {
        "key": "bigint",
        "project_id": "text",
        "user_id": "text",
        "is_anonymous": "boolean",
        "traits": "json",
        "first_seen_at": "bigint",
        "last_seen_at": "bigint",
        "last_invited_at": "bigint",
        "open_ticket_until": "bigint",
        "activity_day": "integer",
        "activity_bits": "bigint",
        "recent_use": "bytea",
        "linked_to": "bigint",
    },
)
_ADD_ACCOUNTS = adding(
    "accounts",
    {
        "key": "bigint",
        "project_id": "text",
        "account_id": "text",
        "traits": "json",
        "first_seen_at": "bigint",
    },
)
_ADD_DECISIONS = adding(
    "decisions",
    {
        "id": "text",
        "project_id": "text",
        "user_key": "bigint",
        "at": "bigint",
        "is_shown": "boolean",
        "reason": "text",
        "survey_id": "text",
        "version": "integer",
        "admission_probability": "float8",
        "is_manual": "boolean",
        "page": "text",
        "evaluations": "json",
    },
)
_ADD_TICKETS = adding(
    "tickets",
    {
        "token_hash": "bytea",
        "project_id": "text",
        "decision_id": "text",
        "survey_id": "text",
        "version": "integer",
        "user_key": "bigint",
        "account_key": "bigint",
        "wave": "integer",
        "context": "json",
        "admission_probability": "float8",
        "issued_at": "bigint",
        "expires_at": "bigint",
    },
)
_CHANGE_USERS = Rows(
    {
        "key": "bigint",
        "seen_at": "bigint",
        "invited_at": "bigint",
        "until": "bigint",
        "person": "bigint",
    },
    "UPDATE users SET last_seen_at = max(last_seen_at, ?2),"
    " last_invited_at = coalesce(?3, last_invited_at),"
    " open_ticket_until = coalesce(?4, open_ticket_until), linked_to = coalesce(linked_to, ?5)"
    " WHERE key = ?1",
    "UPDATE users SET last_seen_at = greatest(last_seen_at, given.seen_at),"
    " last_invited_at = coalesce(given.invited_at, last_invited_at),"
    " open_ticket_until = coalesce(given.until, open_ticket_until),"
    " linked_to = coalesce(linked_to, given.person)"
    " FROM {given} WHERE users.key = given.key",
)


class Decided(NamedTuple):
    """What one decision leaves behind.

    Args:
        seen_at: None unless that the person was here is to be noted.
        new_browser: key and id of a browser that is the person's from now on: of who is asked.
    """

    user: KnownUser
    decision: NewDecision
    ticket: NewTicket | None
    seen_at: datetime | None
    new_browser: tuple[int, str] | None


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
    if connection.dialect.name == "sqlite":
        found = [known.find(connection, project_id, *each) for each in ids]
        people = {_id(user): known.with_linked(connection, user) for user in found if user}
        return lambda: people
    rows = _PEOPLE(connection, (project_id, [user_id for user_id, _ in ids]))
    return lambda: _with_linked(
        connection, [user for user in _users(rows.fetchall()) if _id(user) in ids]
    )


def ask_accounts(
    connection: Connection, project_id: str, ids: Collection[str]
) -> Callable[[], dict[str, KnownAccount]]:
    """Ask for accounts; what is returned gives those that there are."""
    if connection.dialect.name == "sqlite":
        found = [known.find_account(connection, project_id, each) for each in ids]
        return lambda: {account.id: account for account in found if account}
    if not ids:
        return dict
    rows = _ACCOUNTS(connection, (project_id, list(ids)))
    return lambda: {
        row[1]: KnownAccount(row[0], row[1], from_json(row[2])) for row in rows.fetchall()
    }


def _with_linked(connection: Connection, users: Sequence[KnownUser]) -> dict[Id, KnownUser]:
    persons = {user.linked_to for user in users if user.linked_to is not None}
    if not persons:
        return {_id(user): user for user in users}
    by_person: dict[int | None, list[KnownUser]] = {}
    for row in _users(_LINKED(connection, (list(persons),)).fetchall()):
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


def add(
    connection: Connection,
    project_id: str,
    decided: Sequence[Decided],
    new_accounts: Iterable[KnownAccount],
    now: datetime,
) -> None:
    """Store what was decided about different people, or nothing; PostgreSQL commits at once.

    Raises:
        sqlite3.IntegrityError, psycopg.IntegrityError: somebody else added one of them meanwhile.
    """
    now_ms = to_ms(now)
    users = [row for each in decided for row in _new_users(project_id, each, now_ms)]
    changes = [change for each in decided if (change := _change(each))]
    tickets = [_ticket(each.ticket) for each in decided if each.ticket]
    accounts: list[tuple[Any, ...]] = [
        (each.key, project_id, each.id, {}, now_ms) for each in new_accounts
    ]
    with together(connection):
        # Known people by key, new ones by kind and id, then accounts, as `people.hold` says.
        _CHANGE_USERS(connection, sorted(changes))
        _ADD_USERS(connection, sorted(users, key=itemgetter(3, 2)))
        _ADD_ACCOUNTS(connection, accounts)
        _ADD_DECISIONS(connection, [_decision(each.decision) for each in decided])
        _ADD_TICKETS(connection, tickets)
        commit(connection)


def _new_users(project_id: str, each: Decided, now_ms: int | None) -> Iterator[tuple[Any, ...]]:
    user, _, ticket, _, browser = each
    if user.is_new:
        row: tuple[Any, ...] = (
            user.key,
            project_id,
            user.user_id,
            user.is_anonymous,
            {},
            now_ms,
            now_ms,
        )
        invited = (to_ms(ticket.issued_at), to_ms(ticket.expires_at)) if ticket else (None, None)
        yield (*row, *invited, 0, 0, b"", user.key if browser else None)
    if browser is not None:
        row = (browser[0], project_id, browser[1], True, {}, now_ms, now_ms)
        yield (*row, None, None, 0, 0, b"", user.person_key)


def _change(each: Decided) -> tuple[Any, ...] | None:
    """Return what changes about somebody known before."""
    user, _, ticket, seen_at, browser = each
    if user.is_new or (ticket is None and seen_at is None):
        return None
    seen_ms, person = to_ms(seen_at) or 0, user.key if browser else None
    if ticket is None:
        return user.key, seen_ms, None, None, None
    return user.key, seen_ms, to_ms(ticket.issued_at), to_ms(ticket.expires_at), person


def _decision(decision: NewDecision) -> tuple[Any, ...]:
    return (*decision[:3], to_ms(decision.at), *decision[4:])


def _ticket(ticket: NewTicket) -> tuple[Any, ...]:
    return (*ticket[:-2], to_ms(ticket.issued_at), to_ms(ticket.expires_at))


def _users(rows: Iterable[Sequence[Any]]) -> list[KnownUser]:
    return [known.known_of(list(of_one)) for _, of_one in groupby(rows, key=itemgetter(0))]


def _id(user: KnownUser) -> Id:
    return user.user_id, user.is_anonymous
