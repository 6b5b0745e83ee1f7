"""A survey tried on the people who are known, without asking anybody.

What only a page knows (page, device, language, traits that no server sends) is taken for met.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, case, func, select
from sqlalchemy.orm import Session

from backend.domain.audience import localize
from backend.domain.eligibility import SurveyRules, Trigger, Visitor
from backend.domain.insights.bias import rate
from backend.domain.insights.planning import answer_variance
from backend.services import visitors
from backend.services.published import PublishedProject
from backend.services.visitors import Asker, Question
from backend.storage import known
from backend.storage.known_user import KnownUser
from backend.storage.models import Response, Ticket

SEEN_WITHIN: Final = timedelta(days=90)
_HERE: Final = Question()


@dataclass(frozen=True, slots=True)
class Past:
    """What came of a survey's invitations in a time: only displays older than a day count.

    Args:
        displays: people shown, of those in the sample (opened by hand is left out).
        answers: of them, who answered.
        variance: of one answer on the unit scale, a usual product's while there is none.
    """

    displays: int
    answers: int
    variance: float

    @property
    def response_rate(self) -> float:
        """Answers by display; two in ten until there is evidence (METHODS section 8)."""
        return (self.answers + 2) / (self.displays + 10)

    @property
    def response_limits(self) -> tuple[float, float]:
        """Between what the rate lies, at 95 %: Wilson's interval of the same counts."""
        found = rate(self.answers + 2, self.displays + 10)
        return (found["lower"] or 0.0) / 100, (found["upper"] or 0.0) / 100


def as_if_here(project: PublishedProject, rules: SurveyRules) -> SurveyRules:
    """Return the rules as met by people who stand where the survey is shown."""
    traits = project.server_traits or ()
    segments = tuple(
        (localize(when, traits, in_page=False) or {}, rate)
        for when, rate in rules.sampling.segments
    )
    return replace(
        rules,
        status="published",
        origins=(),
        triggers=(Trigger(),),
        pages=(),
        devices=(),
        audience=localize(rules.audience, traits, in_page=False),
        sampling=replace(rules.sampling, segments=segments),
    )


def people(
    connection: Connection, project: PublishedProject, now: datetime, at_most: int
) -> Iterator[tuple[KnownUser, Visitor]]:
    """Give about `at_most` of the people seen in the last 90 days, as they would be met now."""
    for user in known.some_people(connection, project.id, now - SEEN_WITHIN, at_most):
        asker = Asker(user.user_id, user.is_anonymous)
        yield user, visitors.visitor(project, _HERE, asker, user, user.account, now)


def count_people(session: Session, project_id: str, now: datetime) -> int:
    """Return how many people were seen in the last 90 days."""
    return known.count_people(session.connection(), project_id, now - SEEN_WITHIN)


def daily_chance(user: KnownUser, active_days: int | None, now: datetime) -> float:
    """Return the chance that the person comes on a given day.

    From their active days of the last 30; of people without counted use, from when they were seen.
    """
    if active_days:
        return active_days / 30
    is_recent = user.last_seen_at is not None and now - user.last_seen_at < timedelta(days=7)
    return 1 / 7 if is_recent else 1 / 30


def past(session: Session, survey_id: str, since: datetime, now: datetime) -> Past:
    """Return what came of the survey's invitations since then, but for those of the last day."""
    answered = Response.answered_at.is_not(None)
    score = Response.score

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    row = session.execute(
        select(
            func.count(),
            count(answered),
            count(answered & (score >= 9)),
            count(answered & score.between(7, 8)),
            count(answered & (score <= 6)),
        ).where(
            Response.survey_id == survey_id,
            Response.is_manual.is_(False),
            Response.is_test.is_(False),
            Response.invited_at >= since,
            Response.invited_at < now - timedelta(days=1),
        )
    ).one()
    displays, answers, *bands = (int(each) for each in row)
    return Past(displays, answers, answer_variance(*bands))


def asked_by_account(session: Session, rules: SurveyRules, now: datetime) -> Mapping[int, int]:
    """Return how many people of each account the survey asked within the days of its cap."""
    if rules.account_cap is None:
        return {}
    since = now - timedelta(days=rules.account_cap.days)
    rows = session.execute(
        select(Ticket.account_key, func.count())
        .where(
            Ticket.survey_id == rules.id,
            Ticket.issued_at > since,
            Ticket.account_key.is_not(None),
        )
        .group_by(Ticket.account_key)
    )
    return {account: asked for account, asked in rows if account is not None}
