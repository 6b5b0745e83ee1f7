"""Every subject of an audience rule, judged on what is really sent and stored, and explained."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from backend.domain.calendar import day_number
from backend.services.clock import utc_now
from backend.services.decide_together import Decider
from backend.services.explain import explain_now
from backend.services.published import Published
from backend.services.respond import Answer, respond
from backend.services.vault import Vault
from backend.services.visitors import Question
from backend.storage import people
from backend.storage.models import Account, Name, Survey, User, UserSurvey

HERE = {
    "user_id": "u1",
    "account_id": "acme",
    "traits": {"theme": "dark"},
    "page": "/reports/42?x=1",
    "language": "en-GB",
    "device": "desktop",
    "app_version": "4.10.1",
}

# A rule about each subject that the person of these tests meets.
MET = {
    "role": {"op": "eq", "trait": "role", "value": "admin"},
    "plan": {"op": "in", "trait": "plan", "value": ["pro", "enterprise"]},
    "a trait of the page": {"op": "eq", "trait": "theme", "value": "dark"},
    "a time": {"op": "older_than_days", "trait": "signed_up_at", "value": 30},
    "an account's trait": {"op": "gte", "account_trait": "seats", "value": 50},
    "page": {"op": "matches", "field": "page", "value": "/reports/*"},
    "page template": {"op": "matches", "field": "page", "value": "/reports/:id"},
    "device": {"op": "eq", "field": "device", "value": "desktop"},
    "language": {"op": "eq", "field": "language", "value": "en"},
    "app version": {"op": "gte", "field": "app_version", "value": "4.9"},
    "percentile of active use": {"op": "gte", "usage": "percentile", "value": 90},
    "active days": {"op": "gte", "usage": "active_days", "value": 5},
    "feature used": {"op": "used", "feature": "export", "days": 7},
    "feature not used": {"op": "not_used", "feature": "export", "days": 2},
    "last score's band": {"op": "scored", "bands": ["passive"]},
    "its age": {"op": "scored", "bands": ["passive"], "older_than_days": 60, "within_days": 180},
}


@pytest.fixture
def parts(db, project, config):
    return Published(db), Vault.open(config.encryption_keys, config.data_dir)


@pytest.fixture
def known(db, project, parts, make_survey):
    """A person with traits and an account from servers, use, and an answer of 100 days ago."""
    published, vault = parts
    now, then = utc_now(), utc_now() - timedelta(days=100)
    survey = make_survey(rests={"rest_days": 0, "any_survey_rest_days": 0})
    question = Question(user_id="u1", account_id="acme")
    asked = Decider(db, vault, None).decide(published.project(project.id), question, now)
    respond(db, project.id, asked["ticket"], Answer(revision=1, state="completed", score=8), now)
    today = day_number(utc_now().date())

    def learn(session):
        feature = Name(project_id=project.id, kind="feature", name="export")
        session.add(feature)
        session.flush()
        account = people.account_key(session.connection(), project.id, "acme", then)
        session.execute(update(Account).values(traits={"seats": 80}))
        session.execute(update(UserSurvey).values(shown_at=then, answered_at=then))
        used = feature.id.to_bytes(4, "little") + (today - 4).to_bytes(4, "little")
        session.execute(
            update(User)
            .where(User.user_id == "u1")
            .values(
                account_key=account,
                traits={"role": "admin", "plan": "pro", "signed_up_at": "2020-02-29"},
                activity_day=today - 1,
                activity_bits=0b111111,
                recent_use=used,
            )
        )
        for n in range(9):
            session.add(
                User(
                    project_id=project.id,
                    user_id=f"other-{n}",
                    is_anonymous=False,
                    traits={},
                    first_seen_at=then,
                    last_seen_at=then,
                    activity_day=today - 1,
                    activity_bits=1,
                )
            )

    db.transact(learn)
    return survey


def target(db, survey_id, rule):
    def change(session):
        survey = session.get(Survey, survey_id)
        survey.targeting = {**survey.targeting, "audience": rule}

    db.transact(change)


@pytest.mark.parametrize("subject", MET)
def test_a_rule_lets_through_whom_it_fits_and_says_what_it_saw(db, project, parts, known, subject):
    published, vault = parts
    told = {}
    for is_negated in (True, False):
        rule = {"op": "not", "rule": MET[subject]} if is_negated else MET[subject]
        target(db, known, rule)
        out = published.project(project.id)
        with db.read() as session:
            explained = explain_now(session, published, out, known, Question(**HERE), utc_now())
        (gate,) = (g for g in explained["survey"]["gates"] if g["gate"] == "audience_matches")
        assert gate["passed"] is not is_negated
        assert None not in gate["seen"].values(), gate
        told[is_negated] = Decider(db, vault, None).decide(out, Question(**HERE), utc_now())

    assert told[True]["reason"] == "audience_matches"
    assert told[False]["show"] is True
