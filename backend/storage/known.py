"""What is known of a person when a decision is made: one row, their pasts, their account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection

from backend.domain.timestamps import DAY
from backend.domain.visitor import SurveyHistory
from backend.storage.fast import Sql, from_json, from_ms, to_ms
from backend.storage.known_user import KnownAccount, KnownUser, joined

_PAGE: Final = 1_000
COLUMNS = (
    "SELECT u.key, u.user_id, u.traits, u.account_key, u.first_seen_at, u.last_shown_at,"
    " u.open_ticket_until, u.activity_day, u.activity_bits, u.recent_use, u.armed, u.linked_to,"
    " u.is_anonymous, u.last_seen_at, a.account_id, a.traits,"
    " s.survey_id, s.shown_at, s.answered_at, s.declined_at, s.later_at, s.last_score, s.answers"
    " FROM users u LEFT JOIN accounts a ON a.key = u.account_key"
    " LEFT JOIN user_surveys s ON s.user_key = u.key"
)
_PAST_FROM = 16
_USER = Sql(COLUMNS + " WHERE u.project_id = ? AND u.user_id = ? AND u.is_anonymous = ?")
_LINKED = Sql(COLUMNS + " WHERE u.linked_to = ? AND u.key <> ? ORDER BY u.key")
_PEOPLE = (
    " FROM users WHERE project_id = ? AND last_seen_at >= ?"
    " AND (linked_to IS NULL OR linked_to = key)"
)
_COUNT = Sql("SELECT count(*)" + _PEOPLE)
_SOME = Sql(
    COLUMNS + f" WHERE u.key IN (SELECT key{_PEOPLE} AND key > ? AND key = key / ? * ?"
    " ORDER BY key LIMIT ?) ORDER BY u.key"
)
_ADD_USER = Sql(
    "INSERT INTO users (project_id, user_id, is_anonymous, traits, first_seen_at, last_seen_at,"
    " activity_day, activity_bits, recent_use) VALUES (?, ?, ?, '{}', ?, ?, 0, 0, ?)"
    " ON CONFLICT (project_id, user_id, is_anonymous) DO NOTHING RETURNING key"
)
_ADD_BROWSER = Sql(
    "INSERT INTO users (project_id, user_id, is_anonymous, traits, first_seen_at, last_seen_at,"
    " activity_day, activity_bits, recent_use, linked_to)"
    " VALUES (?, ?, ?, '{}', ?, ?, 0, 0, ?, ?)"
    " ON CONFLICT (project_id, user_id, is_anonymous) DO NOTHING RETURNING key"
)
_HAS_BROWSERS = Sql("UPDATE users SET linked_to = key WHERE key = ? AND linked_to IS NULL")
_SEEN = Sql("UPDATE users SET last_seen_at = ? WHERE key = ? AND last_seen_at < ?")
_ACCOUNT = Sql("SELECT key, traits FROM accounts WHERE project_id = ? AND account_id = ?")
_ADD_ACCOUNT = Sql(
    "INSERT INTO accounts (project_id, account_id, traits, first_seen_at) VALUES (?, ?, '{}', ?)"
    " ON CONFLICT (project_id, account_id) DO NOTHING RETURNING key"
)


def find(
    connection: Connection, project_id: str, user_id: str, is_anonymous: bool
) -> KnownUser | None:
    """Return the row of a user or browser alone, or None when never seen."""
    rows = _USER(connection, (project_id, user_id, is_anonymous)).fetchall()
    return known_of(rows) if rows else None


def find_or_add(
    connection: Connection, project_id: str, user_id: str, is_anonymous: bool, now: datetime
) -> KnownUser:
    """Return the row of a user or browser alone, which is added when never seen before."""
    found = find(connection, project_id, user_id, is_anonymous)
    if found is not None:
        return found
    now_ms = to_ms(now)
    who = (project_id, user_id, is_anonymous)
    added = _ADD_USER(connection, (*who, now_ms, now_ms, b"")).fetchone()
    if added is not None:
        return KnownUser(added[0], user_id, now, is_new=True)
    # Somebody else added the same person this moment, and has committed by now.
    found = find(connection, project_id, user_id, is_anonymous)
    assert found is not None
    return found


def add_browser(
    connection: Connection, project_id: str, anonymous_id: str, person_key: int, now: datetime
) -> bool:
    """Add a browser never seen before as the person's; False when somebody else just added it."""
    now_ms = to_ms(now)
    row = (project_id, anonymous_id, True, now_ms, now_ms, b"", person_key)
    if _ADD_BROWSER(connection, row).fetchone() is None:
        return False
    _HAS_BROWSERS(connection, (person_key,))
    return True


def is_to_be_seen(user: KnownUser, now: datetime) -> bool:
    """Say whether to note that the person was here: once a day, not for every visit."""
    return user.last_seen_at is not None and now - user.last_seen_at >= DAY


def keep_seen(connection: Connection, user: KnownUser, now: datetime) -> None:
    """Note that the person was here, once a day."""
    if is_to_be_seen(user, now):
        _SEEN(connection, (to_ms(now), user.key, to_ms(now)))


def some_people(
    connection: Connection, project_id: str, seen_since: datetime, at_most: int
) -> Iterator[KnownUser]:
    """Give about `at_most` of the people seen since then, taken evenly by their keys.

    Of somebody with several ids it is the user, with the past of that id alone.
    """
    since = to_ms(seen_since)
    step = -(-count_people(connection, project_id, seen_since) // at_most) or 1
    after = 0
    while True:
        rows = _SOME(connection, (project_id, since, after, step, step, _PAGE)).fetchall()
        people = [known_of(list(of_one)) for _, of_one in groupby(rows, key=itemgetter(0))]
        yield from people
        if len(people) < _PAGE:
            return
        after = people[-1].key


def count_people(connection: Connection, project_id: str, seen_since: datetime) -> int:
    """Return how many people were seen since then; several ids of one person count once."""
    count: int = _COUNT(connection, (project_id, to_ms(seen_since))).fetchone()[0]
    return count


def with_linked(connection: Connection, user: KnownUser) -> KnownUser:
    """Return the user with the pasts of all rows that are the same person."""
    if user.linked_to is None:
        return user
    by_key: dict[int, list[Sequence[Any]]] = {}
    for row in _LINKED(connection, (user.linked_to, user.key)).fetchall():
        by_key.setdefault(row[0], []).append(row)
    return joined(user, map(known_of, by_key.values())) if by_key else user


def account(
    connection: Connection, project_id: str, account_id: str, now: datetime, *, add: bool
) -> KnownAccount | None:
    """Return an account; a new one is added, or None when `add` is false."""
    found = find_account(connection, project_id, account_id)
    if found is not None or not add:
        return found
    added = _ADD_ACCOUNT(connection, (project_id, account_id, to_ms(now))).fetchone()
    if added is not None:
        return KnownAccount(added[0], account_id, {})
    # Somebody else added the same account this moment.
    return find_account(connection, project_id, account_id)


def find_account(connection: Connection, project_id: str, account_id: str) -> KnownAccount | None:
    """Return an account, or None when there is none."""
    row = _ACCOUNT(connection, (project_id, account_id)).fetchone()
    return None if row is None else KnownAccount(row[0], account_id, from_json(row[1]))


def known_of(rows: Sequence[Sequence[Any]]) -> KnownUser:
    """Return the user whose rows of `COLUMNS` these are: one for each survey of their past."""
    first = rows[0]
    first_seen_at = from_ms(first[4])
    assert first_seen_at is not None
    past = [row[_PAST_FROM:] for row in rows if row[_PAST_FROM] is not None]
    return KnownUser(
        key=first[0],
        user_id=first[1],
        traits=from_json(first[2]),
        account=None
        if first[3] is None
        else KnownAccount(first[3], first[14], from_json(first[15])),
        first_seen_at=first_seen_at,
        last_shown_at=from_ms(first[5]),
        open_ticket_until=from_ms(first[6]),
        activity_day=first[7],
        activity_bits=first[8],
        recent_use=first[9],
        armed=from_json(first[10]) or {},
        linked_to=first[11],
        is_anonymous=bool(first[12]),
        last_seen_at=from_ms(first[13]),
        history={
            survey_id: SurveyHistory(
                shown_at=from_ms(shown_at),
                answered_at=from_ms(answered_at),
                declined_at=from_ms(declined_at),
                later_at=from_ms(later_at),
                last_score=last_score,
            )
            for survey_id, shown_at, answered_at, declined_at, later_at, last_score, _ in past
        },
        answers={row[0]: row[6] for row in past},
    )
