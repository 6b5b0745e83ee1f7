"""What an insight costs does not depend on the usage stored: no insight reads it."""

from contextlib import contextmanager

import pytest

from backend.services.insights import (
    accounts,
    answered,
    comments,
    levels,
    over_time,
    people,
    planning,
    recency,
)
from backend.services.insights.population import Populations
from backend.services.insights.question import Question
from backend.services.insights.windows import Windows
from tests.api.admin.insights_world import World, write

INSIGHTS = {
    "score": lambda *given: levels.score(*given, Populations()),
    "breakdown": lambda *given: levels.breakdown(*given, by="seats"),
    "late answers": lambda *given: levels.breakdown(*given, by="answer_delay"),
    "features": lambda *given: levels.features(*given, kind="features"),
    "recency": recency.recency,
    "trend": lambda *given: over_time.trend(*given, unit="week"),
    "drift": over_time.drift,
    "repeats": over_time.repeats,
    "active use": people.active_use,
    "people": lambda *given: people.people(*given, group="top_decile_passives", start=0, limit=50),
    "accounts": lambda *given: accounts.accounts(*given, only_attention=False, start=0, limit=50),
    "who answered": lambda *given: answered.answered(*given, Populations()),
    "comments": comments.comments,
    "planning": lambda *given: planning.plan(*given, change=10, half_width=5, power=0.8),
}


@contextmanager
def statements(session):
    """Gather the text of everything that SQLite is asked."""
    driver, texts = session.connection().connection.dbapi_connection, []
    driver.set_trace_callback(texts.append)
    try:
        yield texts
    finally:
        driver.set_trace_callback(None)


@pytest.mark.parametrize("config", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", INSIGHTS)
def test_no_insight_reads_usage(db, project, make_survey, name):
    write(db, project.id, make_survey(), World(people=120, answers_each=1, days=60))

    with db.read() as session, statements(session) as asked:
        INSIGHTS[name](session, Windows(), project.id, Question(sees_answers=True))

    assert any("FROM responses" in text for text in asked)
    assert not any("usage_days" in text for text in asked)
