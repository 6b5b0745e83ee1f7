"""Writes the demo's world into the tables, in bulk, as the real paths would have left it."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import Session

from backend.domain import activity, tickets
from backend.domain.calendar import DAY_MS, day_number
from backend.domain.events import FEATURE, PAGE
from backend.services.demo import truth
from backend.services.demo.asking import Asked, Outcome, Past
from backend.services.demo.people import AccountOf, Person
from backend.services.demo.use import NAMES, Usage
from backend.services.ids import new_id
from backend.services.profiles import pack
from backend.storage.models import (
    Account,
    Decision,
    Release,
    Response,
    Survey,
    SurveyDay,
    Ticket,
    UsageDay,
    User,
    UserSurvey,
)
from backend.storage.usage.names import NameIds

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ROWS_AT_ONCE: Final = 20_000

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


def answers(
    session: Session,
    survey: Survey,
    asked: Sequence[Asked],
    user_keys: Sequence[int],
    account_of: Sequence[int],
    name_ids: Sequence[int],
) -> None:
    """Add decisions, tickets, responses and the counts of each day."""
    connection = session.connection()
    decisions, given, responses = [], [], []
    for one in asked:
        key, account_key = user_keys[one.user], account_of[one.user]
        decision = _decision(survey, one, key)
        decisions.append(decision)
        if one.outcome is None:
            continue
        ticket = _ticket(survey, one, decision["id"], key, account_key)
        given.append(ticket)
        if one.outcome.shown_at is not None:
            responses.append(_response(ticket, one, one.outcome, name_ids))
    for model, rows in ((Decision, decisions), (Ticket, given), (Response, responses)):
        for part in _parts(rows):
            connection.execute(insert(model), part)
    days = Counter(day_number(one.at.date()) for one in asked if one.outcome)
    if days:
        connection.execute(
            insert(SurveyDay),
            [{"survey_id": survey.id, "day": day, "asked": n} for day, n in days.items()],
        )


def releases(connection: Connection, project_id: str, today: int) -> None:
    """Mark on the trend the versions that went out within the world's days."""
    midnight = _EPOCH + timedelta(days=today)
    rows = [
        {
            "id": new_id("rel_"),
            "project_id": project_id,
            "name": f"{truth.PRODUCT} {version}",
            "at": midnight - timedelta(days=days_ago),
            "created_at": midnight - timedelta(days=days_ago),
        }
        for version, days_ago in truth.VERSIONS
        if days_ago < truth.ALWAYS_OUT
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


def _decision(survey: Survey, one: Asked, user_key: int) -> dict[str, Any]:
    is_shown = one.outcome is not None
    return {
        "id": new_id("dec_"),
        "project_id": survey.project_id,
        "user_key": user_key,
        "at": one.at,
        "is_shown": is_shown,
        "reason": one.reason,
        "survey_id": survey.id if is_shown else None,
        "version": survey.published_version if is_shown else None,
        "admission_probability": 1.0 if is_shown else None,
        "is_manual": False,
        "page": one.visitor.page_template,
        "evaluations": [one.evaluation],
    }


def _ticket(
    survey: Survey, one: Asked, decision_id: str, user_key: int, account_key: int
) -> dict[str, Any]:
    visitor = one.visitor
    return {
        # Nobody ever held these tickets; their time is over anyway.
        "token_hash": secrets.token_bytes(32),
        "project_id": survey.project_id,
        "decision_id": decision_id,
        "survey_id": survey.id,
        "version": survey.published_version,
        "user_key": user_key,
        "account_key": account_key,
        "wave": one.wave,
        "context": {
            "role": visitor.traits["role"],
            "plan": visitor.traits["plan"],
            "page": visitor.page_template,
            "language": visitor.language,
            "app_version": visitor.app_version,
            "device": visitor.device,
            "traits": dict(visitor.traits),
            "is_verified": True,
            "is_manual": False,
        },
        "admission_probability": 1.0,
        "issued_at": one.at,
        "expires_at": one.at + tickets.UNSHOWN_FOR,
    }


def _response(
    ticket: Mapping[str, Any], one: Asked, outcome: Outcome, name_ids: Sequence[int]
) -> dict[str, Any]:
    answered = outcome.score is not None
    used = {kind: [] for kind in (FEATURE, PAGE)}  # type: dict[str, list[int]]
    for place in one.profile.names:
        used[NAMES[place][0]].append(name_ids[place])
    ended_at = outcome.ended_at
    updated_at = ended_at + timedelta(seconds=20) if outcome.comment else ended_at
    return {
        "id": new_id("rsp_"),
        "ticket_hash": ticket["token_hash"],
        **{name: ticket[name] for name in _FROM_TICKET},
        **ticket["context"],
        "wave": one.wave if answered else None,
        "state": outcome.state,
        "revision": {"shown": 1, "completed": 3}.get(outcome.state, 2),
        "score": outcome.score,
        "comment": outcome.comment,
        "answers": {},
        "is_test": False,
        "invited_at": one.at,
        "created_at": outcome.shown_at,
        "answered_at": ended_at if answered else None,
        "updated_at": updated_at,
        "profiled_at": updated_at,
        "active_days": one.profile.active_days,
        "active_percentile": one.profile.percentile,
        "active_midrank": one.profile.midrank,
        "features": pack(used[FEATURE]),
        "pages": pack(used[PAGE]),
    }


_FROM_TICKET: Final = (
    "project_id",
    "decision_id",
    "survey_id",
    "version",
    "user_key",
    "account_key",
    "admission_probability",
)


def _parts(rows: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]
