"""One user's or one account's own data: use by day, what was used, answers in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypedDict, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain.calendar import day_date
from backend.domain.errors import NotFoundError
from backend.domain.insights.levels import ScoreLevel, level_of
from backend.domain.insights.rows import latest
from backend.domain.timestamps import format_time
from backend.services.insights.question import Question
from backend.services.insights.view import look
from backend.services.insights.windows import Windows
from backend.storage import links
from backend.storage.models import Account, Decision, Name, Response, Ticket, User
from backend.storage.usage.store import UsageRow, UsageStore

# A page shows the latest; everything of a person is what the export is for.
MOST: Final = 200
MOST_USERS: Final = 500


class Day(TypedDict):
    """Use of one local day; several people's together where it is an account's."""

    day: str
    people: int
    features: int
    pages: int
    events: int
    engaged_s: float


class Used(TypedDict):
    """A feature or page, most used first; `days` counts the days of each person."""

    kind: str
    name: str
    days: int
    events: int
    engaged_s: float
    last_day: str


class Given(TypedDict):
    """One answer."""

    response_id: str
    user_id: str
    survey_id: str
    score: int | None
    comment: str | None
    answered_at: str | None


class Decided(TypedDict):
    """One look at whether the person may be asked; `reason` says why not."""

    decision_id: str
    user_id: str
    at: str | None
    shown: bool
    reason: str | None
    survey_id: str | None
    page: str


class History(TypedDict):
    """What a page about a user or an account shows; lists hold the latest or most used 200.

    `asked` counts invitations; `level` is the score of an account, None for a user.
    """

    id: str
    users: int
    active_days: int
    asked: int
    level: ScoreLevel | None
    answers: list[Given]
    decisions: list[Decided]
    rows: list[Day]
    used: list[Used]


def of_user(
    session: Session, usage: UsageStore, project_id: str, user_id: str, *, is_anonymous: bool
) -> History:
    """Return a user's history, that of browsers linked to them included.

    Raises:
        NotFoundError.
    """
    key = session.scalar(
        select(User.key).where(
            User.project_id == project_id,
            User.user_id == user_id,
            User.is_anonymous == is_anonymous,
        )
    )
    if key is None:
        raise NotFoundError
    keys = links.keys_of(session.connection(), key)
    rows = usage.timeline(session.connection(), keys)
    return _history(session, user_id, keys, rows, users=1, level=None)


def of_account(
    session: Session,
    windows: Windows,
    usage: UsageStore,
    project_id: str,
    account_id: str,
) -> History:
    """Return an account's history, of its first 500 users, with the score of the last 90 days.

    Raises:
        NotFoundError.
    """
    key = session.scalar(
        select(Account.key).where(
            Account.project_id == project_id, Account.account_id == account_id
        )
    )
    if key is None:
        raise NotFoundError
    query = select(User.key).where(User.account_key == key).order_by(User.key).limit(MOST_USERS)
    keys = list(session.scalars(query))
    rows = [row for one in keys for row in usage.timeline(session.connection(), [one])]
    question = Question(account_id=account_id, sees_answers=True)
    answers = look(session, windows, project_id, question).answers
    level = level_of(latest(answers.without_usage()))
    return _history(session, account_id, keys, rows, users=len(keys), level=level)


def _history(
    session: Session,
    id_: str,
    keys: Sequence[int],
    rows: Sequence[UsageRow],
    *,
    users: int,
    level: ScoreLevel | None,
) -> History:
    asked = session.scalars(select(Ticket.user_key).where(Ticket.user_key.in_(keys))).all()
    kinds = _names(session, rows)
    return {
        "id": id_,
        "users": users,
        "active_days": len({row.day for row in rows}),
        "asked": len(asked),
        "level": level,
        "answers": _answers(session, keys),
        "decisions": _decisions(session, keys),
        "rows": _days(rows, kinds),
        "used": _used(rows, kinds),
    }


def _names(session: Session, rows: Sequence[UsageRow]) -> dict[int, tuple[str, str]]:
    ids = sorted({row.name_id for row in rows})
    found: dict[int, tuple[str, str]] = {}
    for start in range(0, len(ids), MOST_USERS):
        query = select(Name.id, Name.kind, Name.name)
        some = session.execute(query.where(Name.id.in_(ids[start : start + MOST_USERS])))
        found |= {row.id: (row.kind, row.name) for row in some}
    return found


def _days(rows: Sequence[UsageRow], names: dict[int, tuple[str, str]]) -> list[Day]:
    by_day: dict[int, list[UsageRow]] = {}
    for row in rows:
        by_day.setdefault(row.day, []).append(row)
    return [
        {
            "day": day_date(day).isoformat(),
            "people": len({row.user_key for row in of_day}),
            "features": len(_of_kind(of_day, names, "feature")),
            "pages": len(_of_kind(of_day, names, "page")),
            "events": sum(row[3] for row in of_day),
            "engaged_s": sum(row.engaged_ms for row in of_day) / 1000,
        }
        for day, of_day in sorted(by_day.items(), reverse=True)[:MOST]
    ]


def _of_kind(rows: Sequence[UsageRow], names: dict[int, tuple[str, str]], kind: str) -> set[int]:
    return {row.name_id for row in rows if names.get(row.name_id, ("", ""))[0] == kind}


def _used(rows: Sequence[UsageRow], names: dict[int, tuple[str, str]]) -> list[Used]:
    by_name: dict[int, list[UsageRow]] = {}
    for row in rows:
        if row.name_id in names:
            by_name.setdefault(row.name_id, []).append(row)
    found: list[Used] = [
        {
            "kind": names[name_id][0],
            "name": names[name_id][1],
            "days": len(of_name),
            "events": sum(row[3] for row in of_name),
            "engaged_s": sum(row.engaged_ms for row in of_name) / 1000,
            "last_day": day_date(max(row.day for row in of_name)).isoformat(),
        }
        for name_id, of_name in by_name.items()
    ]
    return sorted(found, key=lambda used: (-used["days"], -used["events"], used["name"]))[:MOST]


def _answers(session: Session, keys: Sequence[int]) -> list[Given]:
    rows = session.execute(
        select(Response, User.user_id)
        .join(User, User.key == Response.user_key)
        .where(Response.user_key.in_(keys), Response.answered_at.is_not(None))
        .order_by(Response.answered_at.desc(), Response.id)
        .limit(MOST)
    )
    return [
        {
            "response_id": response.id,
            "user_id": user_id,
            "survey_id": response.survey_id,
            "score": response.score,
            "comment": response.comment,
            "answered_at": format_time(response.answered_at),
        }
        for response, user_id in rows
    ]


def _decisions(session: Session, keys: Sequence[int]) -> list[Decided]:
    rows = session.execute(
        select(
            Decision.id.label("decision_id"),
            User.user_id,
            Decision.at,
            Decision.is_shown.label("shown"),
            Decision.reason,
            Decision.survey_id,
            Decision.page,
        )
        .join(User, User.key == Decision.user_key)
        .where(Decision.user_key.in_(keys))
        .order_by(Decision.at.desc(), Decision.id)
        .limit(MOST)
    ).mappings()
    return [cast(Decided, {**row, "at": format_time(row["at"])}) for row in rows]
