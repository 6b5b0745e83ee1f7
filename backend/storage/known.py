"""What is known of a person when a decision is made: one row, their pasts, their account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection

from backend.domain.timestamps import DAY
from backend.domain.visitor import HISTORY_TIMES, SurveyHistory
from backend.storage.fast import Sql, from_json, from_ms, to_ms

_PAGE: Final = 1_000
_COLUMNS = (
    "SELECT u.key, u.user_id, u.traits, u.account_key, u.first_seen_at, u.last_shown_at,"
    " u.open_ticket_until, u.activity_day, u.activity_bits, u.recent_use, u.armed, u.linked_to,"
    " u.is_anonymous, u.last_seen_at, a.account_id, a.traits,"
    " s.survey_id, s.shown_at, s.answered_at, s.declined_at, s.later_at, s.last_score, s.answers"
    " FROM users u LEFT JOIN accounts a ON a.key = u.account_key"
    " LEFT JOIN user_surveys s ON s.user_key = u.key"
)
_PAST_FROM = 16
_USER = Sql(_COLUMNS + " WHERE u.project_id = ? AND u.user_id = ? AND u.is_anonymous = ?")
_LINKED = Sql(_COLUMNS + " WHERE u.linked_to = ? AND u.key <> ? ORDER BY u.key")
_PEOPLE = (
    " FROM users WHERE project_id = ? AND last_seen_at >= ?"
    " AND (linked_to IS NULL OR linked_to = key)"
)
_COUNT = Sql("SELECT count(*)" + _PEOPLE)
_SOME = Sql(
    _COLUMNS + f" WHERE u.key IN (SELECT key{_PEOPLE} AND key > ? AND key = key / ? * ?"
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


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account with what servers said of it."""

    key: int
    id: str
    traits: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KnownUser:
    """What a decision needs of a user, with their past by survey and how often they answered.

    Args:
        armed: by survey and event, from and until when (ms since 1970) a server armed it.
        linked_to: the key of the user that all rows of the person point to, their own too;
            None until a browser or an earlier id turns out to be theirs (`storage/links.py`).
        is_new: added by this very transaction, so that nobody else can know the row yet.
    """

    key: int
    user_id: str
    first_seen_at: datetime
    traits: Mapping[str, Any] = field(default_factory=dict)
    account: KnownAccount | None = None
    last_shown_at: datetime | None = None
    open_ticket_until: datetime | None = None
    activity_day: int = 0
    activity_bits: int = 0
    recent_use: bytes = b""
    armed: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)
    linked_to: int | None = None
    is_anonymous: bool = False
    last_seen_at: datetime | None = None
    history: Mapping[str, SurveyHistory] = field(default_factory=dict)
    answers: Mapping[str, int] = field(default_factory=dict)
    is_new: bool = False

    @property
    def person_key(self) -> int:
        """The key of the user that stands for all rows of the person."""
        return self.key if self.linked_to is None else self.linked_to


def find(
    connection: Connection, project_id: str, user_id: str, is_anonymous: bool
) -> KnownUser | None:
    """Return the row of a user or browser alone, or None when never seen."""
    rows = _USER(connection, (project_id, user_id, is_anonymous)).fetchall()
    return _known(rows) if rows else None


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


def keep_seen(connection: Connection, user: KnownUser, now: datetime) -> None:
    """Note that the person was here, once a day: a row is not written for every visit."""
    if user.last_seen_at is not None and now - user.last_seen_at >= DAY:
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
        people = [_known(list(of_one)) for _, of_one in groupby(rows, key=itemgetter(0))]
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
    return joined(user, map(_known, by_key.values())) if by_key else user


def joined(user: KnownUser, others: Iterable[KnownUser]) -> KnownUser:
    """Return the user with the clocks of `others`: the latest of each, the earliest first sight.

    Traits, use and the number of answers stay the user's own.
    """
    for other in others:
        history = dict(user.history)
        for survey_id, past in other.history.items():
            history[survey_id] = _later(history.get(survey_id), past)
        user = replace(
            user,
            first_seen_at=min(user.first_seen_at, other.first_seen_at),
            last_shown_at=_latest(user.last_shown_at, other.last_shown_at),
            open_ticket_until=_latest(user.open_ticket_until, other.open_ticket_until),
            armed=_armed(user.armed, other.armed),
            history=history,
        )
    return user


def reading(own: KnownUser, user: KnownUser) -> KnownUser:
    """Return `own` with the clocks of both and the facts of `user`, who is only read."""
    return replace(
        joined(own, [user]),
        traits=user.traits,
        account=user.account,
        activity_day=user.activity_day,
        activity_bits=user.activity_bits,
        recent_use=user.recent_use,
    )


def account(
    connection: Connection, project_id: str, account_id: str, now: datetime, *, add: bool
) -> KnownAccount | None:
    """Return an account; a new one is added, or None when `add` is false."""
    row = _ACCOUNT(connection, (project_id, account_id)).fetchone()
    if row is None and add:
        added = _ADD_ACCOUNT(connection, (project_id, account_id, to_ms(now))).fetchone()
        if added is not None:
            return KnownAccount(added[0], account_id, {})
        # Somebody else added the same account this moment.
        row = _ACCOUNT(connection, (project_id, account_id)).fetchone()
    return None if row is None else KnownAccount(row[0], account_id, from_json(row[1]))


def _known(rows: Sequence[Sequence[Any]]) -> KnownUser:
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


def _later(own: SurveyHistory | None, other: SurveyHistory) -> SurveyHistory:
    if own is None:
        return other
    times = {name: _latest(getattr(own, name), getattr(other, name)) for name in HISTORY_TIMES}
    # The score belongs to whichever answer came last.
    source = other if times["answered_at"] != own.answered_at else own
    return SurveyHistory(**times, last_score=source.last_score)


def _armed(
    own: Mapping[str, Mapping[str, Sequence[int]]], other: Mapping[str, Mapping[str, Sequence[int]]]
) -> Mapping[str, Mapping[str, Sequence[int]]]:
    """Return what either armed; of the same event the later."""
    if not other:
        return own
    merged = {survey: dict(events) for survey, events in own.items()}
    for survey, events in other.items():
        kept = merged.setdefault(survey, {})
        for event, entry in events.items():
            kept[event] = max(list(entry), list(kept.get(event, entry)))
    return merged


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return max(one, other)
