"""Writes the demo's people and their use into the tables, in bulk, as the real paths leave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, insert, select

from backend.domain import activity
from backend.domain.calendar import DAY_MS
from backend.services.demo import truth
from backend.services.demo.past import Past
from backend.services.demo.people import AccountOf, Person
from backend.services.demo.span import Span
from backend.services.demo.use import NAMES, Usage
from backend.services.ids import new_id
from backend.storage.models import (
    Account,
    Release,
    UsageDay,
    User,
    UserSurvey,
)
from backend.storage.usage.names import NameIds

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ROWS_AT_ONCE: Final = 20_000
_YEAR: Final = 365

Ids = Mapping[tuple[str, str], int]


def names(connection: Connection, project_id: str) -> list[int]:
    """Add the features and pages; return their ids in the order of NAMES."""
    ids = NameIds().resolve(connection, project_id, NAMES)
    return [ids[name] for name in NAMES]


def accounts(
    connection: Connection, project_id: str, made: Sequence[AccountOf], first_seen_at: datetime
) -> list[int]:
    """Add the accounts; return their keys in order."""
    rows = [
        {
            "project_id": project_id,
            "account_id": account.id,
            "traits": account.traits,
            "first_seen_at": first_seen_at,
        }
        for account in made
    ]
    connection.execute(insert(Account), rows)
    query = select(Account.account_id, Account.key).where(Account.project_id == project_id)
    keys = {row.account_id: row.key for row in connection.execute(query)}
    return [keys[account.id] for account in made]


def users(
    connection: Connection,
    project_id: str,
    people: Sequence[Person],
    pasts: Sequence[Past],
    usage: Usage,
    account_keys: Sequence[int],
    name_ids: Sequence[int],
) -> list[int]:
    """Add the users with their packed recent activity; return their keys in order."""
    rows = [
        {
            "project_id": project_id,
            "user_id": person.id,
            "is_anonymous": False,
            "account_key": account_keys[person.account],
            "traits": person.traits,
            "first_seen_at": past.first_seen_at,
            "last_shown_at": past.shown_at,
            "last_invited_at": past.invited_at,
            "open_ticket_until": past.open_until,
            **_recent(usage, number, past, name_ids),
        }
        for number, (person, past) in enumerate(zip(people, pasts, strict=True))
    ]
    connection.execute(insert(User), rows)
    query = select(User.user_id, User.key).where(User.project_id == project_id)
    keys = {row.user_id: row.key for row in connection.execute(query)}
    return [keys[person.id] for person in people]


def usage_days(
    connection: Connection, usage: Usage, user_keys: Sequence[int], name_ids: Sequence[int]
) -> int:
    """Add the rollups, in the order of their keys; return how many."""
    visit, name = np.nonzero(usage.used)
    keys, ids = np.array(user_keys), np.array(name_ids)
    columns = {
        "user_key": keys[usage.user[visit]],
        "day": usage.day[visit],
        "name_id": ids[name],
        "count": usage.count[visit, name],
        "engaged_ms": usage.engaged_ms[visit, name],
        "first_ms": usage.first_ms[visit, name],
    }
    order = np.lexsort((columns["name_id"], columns["day"], columns["user_key"]))
    for start in range(0, len(order), _ROWS_AT_ONCE):
        part = order[start : start + _ROWS_AT_ONCE]
        lists = [column[part].tolist() for column in columns.values()]
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]
        connection.execute(insert(UsageDay), rows)
    return len(order)


def releases(connection: Connection, project_id: str, span: Span) -> None:
    """Mark on the trend the versions that went out within the last year."""
    rows = [
        {
            "id": new_id("rel_"),
            "project_id": project_id,
            "name": f"{truth.PRODUCT} {version}",
            "at": _EPOCH + timedelta(days=day),
            "created_at": _EPOCH + timedelta(days=day),
        }
        for version, day in span.releases
        if day > span.today - _YEAR
    ]
    connection.execute(insert(Release), rows)


def clocks(
    connection: Connection, survey_id: str, pasts: Sequence[Past], user_keys: Sequence[int]
) -> None:
    """Add what each user did with the survey."""
    rows = [
        {
            "user_key": key,
            "survey_id": survey_id,
            "shown_at": past.shown_at,
            "answered_at": past.answered_at,
            "declined_at": past.declined_at,
            "later_at": past.later_at,
            "last_score": past.last_score,
            "answers": past.answers,
        }
        for past, key in zip(pasts, user_keys, strict=True)
        if past.shown_at is not None
    ]
    if rows:
        connection.execute(insert(UserSurvey), rows)


def _recent(usage: Usage, user: int, past: Past, name_ids: Sequence[int]) -> dict[str, Any]:
    visits = slice(usage.of[user], usage.of[user + 1])
    days, used = usage.day[visits], usage.used[visits]
    if not len(days):
        return {
            "last_seen_at": past.first_seen_at,
            "activity_day": 0,
            "activity_bits": 0,
            "recent_use": b"",
        }
    day, bits = activity.merge_days(0, 0, days.tolist())
    last = {
        name_ids[name]: int(days[np.flatnonzero(used[:, name])[-1]])
        for name in np.flatnonzero(used.any(axis=0)).tolist()
    }
    return {
        "last_seen_at": _EPOCH + timedelta(milliseconds=last_use_ms(usage, user)),
        "activity_day": day,
        "activity_bits": bits,
        "recent_use": activity.merge_recent(b"", last, day),
    }


def first_use_ms(usage: Usage, user: int) -> int | None:
    """Return the instant of a user's first use, None when there is none."""
    visit = usage.of[user]
    if visit == usage.of[user + 1]:
        return None
    first = usage.first_ms[visit][usage.used[visit]].min()
    return int(usage.day[visit]) * DAY_MS + int(first)


def last_use_ms(usage: Usage, user: int) -> int:
    """Return the latest instant kept of a user's use; the user has some."""
    visit = usage.of[user + 1] - 1
    last = usage.first_ms[visit][usage.used[visit]].max()
    return int(usage.day[visit]) * DAY_MS + int(last)
