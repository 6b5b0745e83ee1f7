"""What deciding about many people of one project at once leaves behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from backend.storage.decisions import NewDecision, NewTicket
from backend.storage.fast import Sql, commit, to_ms, together
from backend.storage.known_user import KnownAccount, KnownUser
from backend.storage.rows import AddRows, Given

_ADD_USERS = AddRows(
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
_ADD_ACCOUNTS = AddRows(
    "accounts",
    {
        "key": "bigint",
        "project_id": "text",
        "account_id": "text",
        "traits": "json",
        "first_seen_at": "bigint",
    },
)
_ADD_DECISIONS = AddRows(
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
_ADD_TICKETS = AddRows(
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
_CHANGED = Given(
    {
        "key": "bigint",
        "seen_at": "bigint",
        "invited_at": "bigint",
        "until": "bigint",
        "person": "bigint",
    }
)
_CHANGE_ONE = Sql(
    "UPDATE users SET last_seen_at = max(last_seen_at, ?2),"
    " last_invited_at = coalesce(?3, last_invited_at),"
    " open_ticket_until = coalesce(?4, open_ticket_until), linked_to = coalesce(linked_to, ?5)"
    " WHERE key = ?1"
)
_CHANGE_MANY: Final = (
    "UPDATE users SET last_seen_at = greatest(last_seen_at, given.seen_at),"
    " last_invited_at = coalesce(given.invited_at, last_invited_at),"
    " open_ticket_until = coalesce(given.until, open_ticket_until),"
    " linked_to = coalesce(linked_to, given.person)"
    " FROM {given} WHERE users.key = given.key"
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
        _change_users(connection, sorted(changes))
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


def _change_users(connection: Connection, changes: Sequence[tuple[Any, ...]]) -> None:
    if connection.dialect.name != "sqlite":
        _CHANGED(connection, _CHANGE_MANY, changes)
        return
    for change in changes:
        _CHANGE_ONE(connection, change)


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
