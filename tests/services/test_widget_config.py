"""What a page is told: enough to judge, never more than the server would refuse."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from backend.domain.timestamps import format_time
from backend.services.clock import utc_now
from backend.services.published import Published
from backend.services.widget_config import configuration
from backend.storage.models import Project, User

ADMINS = {"op": "eq", "trait": "role", "value": "admin"}
BUSY = {"op": "gte", "usage": "percentile", "value": 90}


@pytest.fixture
def entry(db, project, make_survey):
    """Publish a survey with these rules and return what the page gets of it."""

    def publish(**rules):
        survey_id = make_survey(**rules)
        told = configuration(Published(db).project(project.id), "pk_", "panel.js")
        return next(each for each in told["surveys"] if each["id"] == survey_id)

    return publish


def add_person(db, project, **traits):
    def add(session):
        session.add(
            User(
                project_id=project.id,
                user_id="u1",
                is_anonymous=False,
                traits=traits,
                first_seen_at=utc_now(),
                last_seen_at=utc_now(),
            )
        )

    db.transact(add)


def test_triggers_are_always_there_and_keep_their_delay(entry):
    assert entry(targeting={"triggers": []})["triggers"] == []
    waits = {"type": "page_load", "delay_ms": 2000}
    armed = {"type": "server_event", "name": "invoice_paid", "lifetime_days": 3}
    assert entry(targeting={"triggers": [waits, armed]})["triggers"] == [
        waits,
        {"type": "server_event", "name": "invoice_paid"},
    ]


def test_what_only_the_server_knows_is_left_to_it(entry):
    assert entry(targeting={"audience": BUSY})["audience"] == {"op": "server"}
    assert entry(targeting={"audience": ADMINS})["audience"] == ADMINS


def test_a_segment_the_page_cannot_judge_has_the_highest_rate_that_may_apply(entry):
    segments = [{"when": BUSY, "rate": 0.1}, {"when": ADMINS, "rate": 0.8}]

    sampling = entry(sampling={"rate": 0.3, "segments": segments})["sampling"]

    assert sampling["segments"] == [
        {"when": {"op": "server"}, "rate": 0.8},
        {"when": ADMINS, "rate": 0.8},
    ]


def test_a_paced_survey_tells_the_highest_rate_in_force(entry):
    now = utc_now()
    weeks = [format_time(now - timedelta(days=7)), format_time(now)]
    paced = [{"from": at, "rate": rate} for at, rate in zip(weeks, (0.6, 0.4), strict=True)]

    sampling = entry(sampling={"rate": 0.1, "spread_days": 90, "paced": paced})["sampling"]

    assert sampling["rate"] == 0.6
    assert "paced" not in sampling


def test_a_trait_that_servers_send_is_judged_by_the_server(db, project, entry):
    add_person(db, project, role="member")

    assert entry(targeting={"audience": ADMINS})["audience"] == {"op": "server"}


def test_where_tokens_name_people_every_trait_is_the_servers(db, project, entry):
    db.transact(lambda session: session.execute(update(Project).values(identity_mode="required")))

    assert entry(targeting={"audience": ADMINS})["audience"] == {"op": "server"}


def test_caps_budgets_and_targets_are_nobodys_business(entry):
    limits = {"daily_budget": 7, "target": {"answers": 9, "period_days": 30, "since": "2026-01-01"}}

    told = entry(limits=limits)

    assert not {"account_cap", "daily_budget", "target", "status", "limits"} & told.keys()
