"""What a support person asks: why is, or was, this person not asked?"""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from backend.domain.timestamps import format_time
from backend.services.clock import utc_now
from backend.storage.models import Decision, User
from tests.api.admin.conftest import pointers
from tests.conftest import ORIGIN


@pytest.fixture
def decide(client, project):
    """Ask as a page does."""

    def ask(**question):
        body = {"publishable_key": project.publishable_key, "page": "/"} | question
        headers = {"Origin": ORIGIN}
        return client.post(
            "/v1/decide", data=json.dumps(body), content_type="text/plain", headers=headers
        ).json

    return ask


@pytest.fixture
def explain(call):
    """Return what `explain` says of a survey."""

    def ask(survey, **query):
        found = call("GET", f"/surveys/{survey}/explain", query_string=query)
        assert found.status_code == 200, found.json
        return found.json

    return ask


def days_ago(days):
    return utc_now() - timedelta(days=days)


def age(db, days):
    """Have everybody been seen `days` ago for the first time."""
    db.transact(lambda session: session.execute(update(User).values(first_seen_at=days_ago(days))))


def test_somebody_who_would_be_asked_now(explain, make_survey):
    told = explain(make_survey(), user_id="u1")

    assert told["source"] == "now"
    assert told["survey"]["passed"] is True
    assert told["notes"] == ["This person was never seen; as they would be met first."]
    assert len(told["survey"]["gates"]) == 17


def test_somebody_too_new_hears_when_they_are_old_enough(db, explain, decide, make_survey):
    survey = make_survey(targeting={"old_enough_days": 30})
    decide(user_id="u1")
    age(db, 10)

    told = explain(survey, user_id="u1")

    assert told["survey"]["reason"] == "old_enough"
    assert told["survey"]["retry_at"][:10] == f"{days_ago(-20):%Y-%m-%d}"
    assert told["notes"] == []


def test_the_page_in_question_is_the_one_asked_about(explain, make_survey):
    survey = make_survey(targeting={"pages": ["/settings/**"]})

    assert explain(survey, user_id="u1", page="/settings/users")["survey"]["passed"] is True
    told = explain(survey, user_id="u1", page="/reports?x=1")["survey"]
    assert "The page was /reports. This survey is shown on /settings/**." in told["sentences"]


def test_an_event_that_has_not_happened(explain, make_survey):
    survey = make_survey(targeting={"triggers": [{"type": "event", "name": "export_done"}]})

    assert explain(survey, user_id="u1")["survey"]["reason"] == "trigger_matches"
    assert explain(survey, user_id="u1", event="export_done")["survey"]["passed"] is True


def test_somebody_with_an_open_invitation(explain, decide, make_survey):
    survey = make_survey()
    decide(user_id="u1")

    assert explain(survey, user_id="u1")["survey"]["reason"] == "no_open_ticket"


def test_a_draft_is_explained_too(call, explain):
    draft = call("POST", "/surveys", json={"name": "Draft"}).json["id"]

    told = explain(draft, user_id="u1")["survey"]

    assert "The survey is not running: its status is draft." in told["sentences"]


def test_the_survey_that_comes_first_is_named(explain, make_survey):
    loser, winner = make_survey(), make_survey(priority=9)

    assert explain(loser, user_id="u1")["survey"]["outranked_by"] == winner


def test_asking_why_leaves_no_trace(call, explain, make_survey):
    survey = make_survey()
    explain(survey, user_id="u1", account_id="acme")

    assert call("GET", "/users/u1").status_code == 404
    assert call("GET", "/decisions").json["items"] == []


def test_why_was_she_not_asked_last_tuesday(db, explain, decide, make_survey):
    survey = make_survey(targeting={"audience": {"op": "eq", "trait": "role", "value": "admin"}})
    before = decide(user_id="u1", traits={"role": "viewer"})["decision_id"]
    day = days_ago(5)
    db.transact(
        lambda session: session.execute(update(Decision).values(at=day - timedelta(hours=2)))
    )
    decide(user_id="u1", traits={"role": "admin"})

    told = explain(survey, user_id="u1", at=format_time(day))

    assert (told["source"], told["decision_id"]) == ("decision", before)
    assert told["survey"]["reason"] == "audience_matches"
    assert "Seen: role is viewer." in " ".join(told["survey"]["sentences"])
    assert told["notes"] == []


def test_a_day_without_a_decision_is_said_to_have_none(explain, decide, make_survey):
    survey = make_survey()
    asked = decide(anonymous_id="b1")["decision_id"]
    decide(user_id="u1", anonymous_id="b1")

    told = explain(survey, anonymous_id="b1", at=format_time(days_ago(30)))
    assert told["decision_id"] == asked
    assert "No decision of that day is stored" in told["notes"][0]

    nobody = explain(survey, user_id="u9", at=format_time(days_ago(30)))
    assert nobody["survey"] is None
    assert "their pages never asked" in nobody["notes"][0]


def test_bad_questions_are_pointed_at(call, make_survey):
    path = f"/surveys/{make_survey()}/explain"

    assert pointers(call("GET", path)) == ["#/query/user_id"]
    assert pointers(call("GET", f"{path}?user_id=u1&at=tuesday")) == ["#/query/at"]
    assert pointers(call("GET", f"{path}?user_id=u1&device=watch")) == ["#/query/device"]


def test_an_unknown_survey_and_a_viewer(call, project, make_survey, make_project):
    theirs = make_survey(make_project().id)

    assert call("GET", f"/surveys/{theirs}/explain?user_id=u1").status_code == 404
    ours = f"/surveys/{make_survey()}/explain?user_id=u1"
    assert call("GET", ours, project.viewer_token).status_code == 403
