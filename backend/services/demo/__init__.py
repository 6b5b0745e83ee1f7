"""A believable project full of made-up data, so that every page has something to say.

The world is the same for the same seed, whenever it is made (`span.py`); keys, tokens and ids are
new each time.
`truth.PLANTED` says what really moves the scores in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from backend.domain.eligibility import SurveyRules
from backend.services import projects, surveys
from backend.services.demo import store, store_answers, truth
from backend.services.demo.asking import Interviewer
from backend.services.demo.past import Asked, Past
from backend.services.demo.people import make_accounts, make_people, make_sizes
from backend.services.demo.span import Span
from backend.services.demo.survey import SAMPLING, TARGETING, content
from backend.services.demo.truth import PLANTED
from backend.services.demo.use import Usage, make_usage, until
from backend.services.published import survey_record
from backend.storage.db import Database
from backend.storage.models import Project, Survey

__all__ = ["PLANTED", "Seeded", "seed"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# A world in which chance marks nothing but what was planted (tests/demo/test_planted.py).
SEED: Final = 3
TOKEN_NAME: Final = "demo"  # noqa: S105 - a token's name


@dataclass(frozen=True, slots=True)
class Seeded:
    """The demo project as it is handed over once."""

    project_id: str
    publishable_key: str
    secret_key: str
    admin_token: str
    survey_id: str


def seed(
    db: Database,
    *,
    now: datetime,
    seed: int = SEED,
    accounts: int = 40,
    users: int = 1500,
    days: int = 180,
    origins: Sequence[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Seeded:
    """Add a demo project with its people, their use and their answers, in one transaction.

    Args:
        now: aware time of the seeding; the world ends there.
        days: how far back it goes, at least 2; it begins on the Monday before.
        origins: pages that may ask; none means any page, as this is a demo project.
        progress: told each step in a few words.
    Raises:
        ValueError: fewer users than accounts, or under 2 days.
    """
    if days < 2:
        raise ValueError("the demo needs at least 2 days")
    return db.transact(
        lambda session: _seed(session, now, seed, accounts, users, days, origins, progress)
    )


def _seed(
    session: Session,
    now: datetime,
    number: int,
    accounts: int,
    users: int,
    days: int,
    origins: Sequence[str],
    progress: Callable[[str], None],
) -> Seeded:
    rng = np.random.default_rng(number)
    span = Span.back_from(now, days)
    starts_at = span.starts_at
    new = projects.create(session, name=truth.PROJECT_NAME, origins=origins, is_demo=True)
    _, token = projects.create_token(session, project_id=new.project.id, name=TOKEN_NAME)
    survey = _survey(session, new.project, starts_at)
    project_id, connection = new.project.id, session.connection()

    progress(f"{accounts} accounts with {users} users")
    sizes = make_sizes(rng, accounts, users)
    companies = make_accounts(rng, sizes, span.today)
    people = make_people(rng, companies, sizes, days)
    drawn = make_usage(rng, people, span.first_day, span.drawn_days)
    usage = until(drawn, span.today, span.now_ms)
    pasts = [Past(_first_seen(rng, usage, i, starts_at)) for i in range(len(people))]
    rules = SurveyRules.from_dict(survey_record(survey))
    interviewer = Interviewer(number, rules, companies, people, drawn, span, now)
    asked = list(interviewer.ask_everybody(pasts))

    name_ids = store.names(connection, project_id)
    account_keys = store.accounts(connection, project_id, companies, starts_at)
    user_keys = store.users(connection, project_id, people, pasts, usage, account_keys, name_ids)
    rows = store.usage_days(connection, usage, user_keys, name_ids)
    progress(f"{days} days of use in {rows} rows")
    account_of = [account_keys[person.account] for person in people]
    store_answers.answers(session, survey, asked, user_keys, account_of, name_ids)
    store.releases(connection, project_id, span)
    store.clocks(connection, survey.id, pasts, user_keys)
    progress(_summary(asked))
    return Seeded(project_id, new.publishable_key, new.secret_key, token, survey.id)


def _survey(session: Session, project: Project, starts_at: datetime) -> Survey:
    """Publish the survey as if that had been when the world began."""
    project.created_at = project.updated_at = starts_at
    survey = surveys.create(
        session,
        project.id,
        name=f"How likely to recommend {truth.PRODUCT}",
        content=content(),
        targeting=TARGETING,
        sampling=SAMPLING | {"started_on": starts_at.date().isoformat()},
    )
    version = surveys.publish(session, survey)
    assert version is not None
    survey.created_at = survey.updated_at = version.published_at = starts_at
    session.flush()
    return survey


def _first_seen(rng: np.random.Generator, usage: Usage, user: int, starts_at: datetime) -> datetime:
    """Newcomers are first seen when they first do something, the others some time before."""
    before = starts_at - timedelta(minutes=float(rng.uniform(60, 600 * 24 * 60)))
    first_ms = store.first_use_ms(usage, user)
    if first_ms is None:
        return before
    first = _EPOCH + timedelta(milliseconds=first_ms)
    is_newcomer = first - starts_at > timedelta(days=21)
    return first if is_newcomer else before


def _summary(asked: Sequence[Asked]) -> str:
    shown = [one.outcome for one in asked if one.outcome and one.outcome.shown_at]
    answered = sum(outcome.score is not None for outcome in shown)
    share = round(100 * answered / len(shown)) if shown else 0
    return f"{answered} answers to {len(shown)} questions shown ({share} %)"
