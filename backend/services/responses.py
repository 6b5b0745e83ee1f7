"""Responses as admins read and change them (`response_views.py` draws them)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, func, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.domain import flow
from backend.domain.errors import NotFoundError
from backend.domain.tickets import ANSWERED
from backend.domain.triage import tags_of
from backend.services import audit, triage
from backend.services.clock import to_ms, utc_now
from backend.services.scope import check_revision, one
from backend.storage.models import Account, Response, Survey, SurveyVersion, User

SCORES: Final = {"detractor": (0, 6), "passive": (7, 8), "promoter": (9, 10)}

Found = Row[Response, str, bool, str | None]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which responses; None asks for all of them.

    Args:
        states: None means the answers: those with a score or answers.
        category: of NPS surveys, `promoter`, `passive` or `detractor`.
        since, until: when it was answered (of responses never answered: invited);
            `until` is not included.
        q: part of the comment, whatever its characters mean elsewhere.
        status, assignee_id, tag: of what is done about it; `assignee_id` may be `none`.
    """

    survey_id: str | None = None
    version: int | None = None
    role: str | None = None
    plan: str | None = None
    page: str | None = None
    language: str | None = None
    app_version: str | None = None
    category: str | None = None
    score_min: int | None = None
    score_max: int | None = None
    states: tuple[str, ...] | None = None
    user_id: str | None = None
    account_id: str | None = None
    is_verified: bool | None = None
    is_test: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None
    has_comment: bool | None = None
    status: str | None = None
    assignee_id: str | None = None
    tag: str | None = None

    @property
    def time(self) -> InstrumentedAttribute[Any]:
        """The column that lists are sorted by and `since` and `until` speak of."""
        answered = self.states is None or set(self.states) <= set(ANSWERED)
        return Response.answered_at if answered else Response.invited_at


def listed(
    session: Session,
    project_id: str,
    filters: Filters,
    *,
    newest_first: bool,
    after: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[Found]:
    """Return responses in the order of their time, those after the place `after`."""
    time = filters.time
    query = _joined(project_id).where(*_conditions(session, project_id, filters))
    if after is not None:
        at, response_id = after
        if newest_first:
            beyond = or_(time < at, and_(time == at, Response.id < response_id))
        else:
            beyond = or_(time > at, and_(time == at, Response.id > response_id))
        query = query.where(beyond)
    order = (time.desc(), Response.id.desc()) if newest_first else (time, Response.id)
    return session.execute(query.order_by(*order).limit(limit)).all()


def place(row: Found, filters: Filters) -> tuple[datetime, str]:
    """Return where in the list `row` stands, for `listed(after=…)`."""
    at: datetime = getattr(row[0], filters.time.key)
    return at, row[0].id


def find(session: Session, project_id: str, response_id: str) -> Found:
    """Return one response.

    Raises:
        NotFoundError.
    """
    row = session.execute(_joined(project_id).where(Response.id == response_id)).one_or_none()
    if row is None:
        raise NotFoundError
    return row


def of_user(session: Session, user: User, limit: int) -> Sequence[Found]:
    """Return a user's latest responses, unanswered ones too."""
    query = _joined(user.project_id).where(Response.user_key == user.key)
    return session.execute(query.order_by(Response.invited_at.desc()).limit(limit)).all()


def change(
    session: Session,
    project_id: str,
    response_id: str,
    *,
    changes: Mapping[str, Any],
    actor: str,
    if_match: frozenset[str] | None,
) -> None:
    """Follow a response up, or mark it as a test: tests count in no insight.

    Args:
        changes: some of `is_test`, `status`, `assignee_id`, `tags`, `note`.
    Raises:
        NotFoundError, PreconditionRequiredError, PreconditionFailedError,
        InvalidRequestError: nobody of that id may follow answers up.
    """
    response = one(session, Response, project_id, response_id, lock=True)
    check_revision(etag(response), if_match)
    old: dict[str, Any] = {"is_test": response.is_test} | triage.told(response)
    new = old | dict(changes)
    new["tags"] = list(tags_of(new["tags"]))
    triage.check(session, project_id, audit.difference(old, new))
    audit.record(
        session,
        actor=actor,
        action="response.change",
        subject=response.id,
        project_id=project_id,
        changes=triage.loggable(audit.difference(old, new)),
    )
    if new["is_test"] != old["is_test"]:
        response.is_test = new["is_test"]
        response.updated_at = utc_now()
    triage.keep(response, new)


def etag(response: Response) -> str:
    """Return the tag of what a person may see of a response: it changes with every change."""
    profiled_ms = to_ms(response.profiled_at) if response.profiled_at else 0
    changed_ms = to_ms(response.updated_at)
    followed_up = response.triage.revision if response.triage else 0
    return f"{response.revision}-{changed_ms}-{profiled_ms}-{int(response.is_test)}-{followed_up}"


def _joined(project_id: str) -> Select[Response, str, bool, str | None]:
    return (
        select(Response, User.user_id, User.is_anonymous, Account.account_id)
        .join(User, User.key == Response.user_key)
        .join(Account, Account.key == Response.account_key, isouter=True)
        .where(Response.project_id == project_id)
    )


def _conditions(session: Session, project_id: str, filters: Filters) -> list[ColumnElement[bool]]:
    time = filters.time
    equal = {
        Response.survey_id: filters.survey_id,
        Response.version: filters.version,
        Response.role: filters.role,
        Response.plan: filters.plan,
        Response.page: filters.page,
        Response.language: filters.language,
        Response.app_version: filters.app_version,
        Response.is_verified: filters.is_verified,
        Response.is_test: filters.is_test,
        User.user_id: filters.user_id,
    }
    found = [column == value for column, value in equal.items() if value is not None]
    if filters.account_id is not None:
        # By its key, which answers have an index by: few of a project's answers are an account's.
        key = select(Account.key).where(
            Account.project_id == project_id, Account.account_id == filters.account_id
        )
        found.append(Response.account_key == key.scalar_subquery())
    if filters.states is None:
        found.append(Response.answered_at.is_not(None))
    else:
        found.append(Response.state.in_(filters.states))
    if filters.since is not None:
        found.append(time >= filters.since)
    if filters.until is not None:
        found.append(time < filters.until)
    if filters.score_min is not None:
        found.append(Response.score >= filters.score_min)
    if filters.score_max is not None:
        found.append(Response.score <= filters.score_max)
    if filters.q is not None:
        found.append(Response.comment.icontains(filters.q, autoescape=True))
    if filters.has_comment is not None:
        written = func.coalesce(Response.comment, "") != ""
        found.append(written if filters.has_comment else not_(written))
    found += triage.conditions(filters.status, filters.assignee_id, filters.tag)
    if filters.category is not None:
        found.append(Response.score.between(*SCORES[filters.category]))
        found += _only_nps(session, project_id)
    return found


def _only_nps(session: Session, project_id: str) -> list[ColumnElement[bool]]:
    """Leave out versions whose score is on another scale: 7 of 7 is no passive."""
    versions = session.execute(
        select(SurveyVersion.survey_id, SurveyVersion.number, SurveyVersion.content)
        .join(Survey, Survey.id == SurveyVersion.survey_id)
        .where(Survey.project_id == project_id)
    )
    return [
        not_(and_(Response.survey_id == survey_id, Response.version == number))
        for survey_id, number, content in versions
        if (metric := flow.metric(content)) is None or metric["kind"] != "nps"
    ]
