"""A server's event arms a survey for one person, until it is shown or its lifetime ends."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from backend.domain.timestamps import format_time
from backend.services.clock import utc_now
from backend.storage.models import Survey, User, UserSurvey
from tests.conftest import ORIGIN

INVOICE = {"type": "server_event", "name": "invoice_paid", "lifetime_days": 2}


@pytest.fixture
def track(client, project):
    """Send events of `user` as a server does."""

    def send(user, name="invoice_paid", ago=timedelta(0), **more):
        event = {"type": "track", "event": name, "timestamp": format_time(utc_now() - ago)}
        event |= {"userId": user} if user else {}
        headers = {"Authorization": f"Bearer {project.secret_key}"}
        sent = client.post("/v1/batch", json={"batch": [event | more]}, headers=headers)
        assert sent.json["stored"] == 1, sent.json

    return send


@pytest.fixture
def reason(client, project):
    """Ask in a page; return None when shown, else the reason."""

    def ask(**who):
        body = json.dumps({"publishable_key": project.publishable_key, "page": "/"} | who)
        headers = {"Origin": ORIGIN}
        asked = client.post("/v1/decide", data=body, content_type="text/plain", headers=headers)
        return asked.json.get("reason")

    return ask


@pytest.fixture
def survey(make_survey):
    """A survey for people whose invoice was just paid."""
    return make_survey(targeting={"triggers": [INVOICE]})


def test_an_event_of_a_server_arms_the_survey_for_its_user(track, reason, survey):
    assert reason(user_id="u1") == "trigger_matches"
    track("u1")

    assert reason(user_id="u1") is None
    assert reason(user_id="u2") == "trigger_matches"


def test_another_event_arms_nothing(db, track, reason, survey):
    track("u1", "invoice_sent")

    assert reason(user_id="u1") == "trigger_matches"
    with db.read() as session:
        assert session.scalars(select(User.armed)).all() == [None]


def test_an_event_of_a_browser_arms_it_and_the_user_it_turns_out_to_be(track, reason, survey):
    track(None, anonymousId="browser-1")

    assert reason(anonymous_id="browser-2") == "trigger_matches"
    assert reason(user_id="u1", anonymous_id="browser-1") is None


@pytest.mark.parametrize(("hours", "expected"), [(47, None), (49, "trigger_matches")])
def test_an_arming_lives_as_long_as_its_trigger_says(track, reason, survey, hours, expected):
    track("u1", ago=timedelta(hours=hours))

    assert reason(user_id="u1") == expected


def test_a_showing_uses_up_what_happened_before_it(db, track, reason, make_survey):
    rests = dict.fromkeys(
        (
            "rest_days",
            "decline_rest_days",
            "ignore_rest_days",
            "later_rest_days",
            "any_survey_rest_days",
        ),
        0,
    )
    survey = make_survey(targeting={"triggers": [INVOICE]}, rests=rests)
    track("u1", ago=timedelta(hours=3))
    with db.read() as session:
        user = session.scalars(select(User.key)).one()
    shown = {"user_key": user, "survey_id": survey, "answers": 0}
    shown["shown_at"] = utc_now() - timedelta(hours=1)
    db.transact(lambda session: session.add(UserSurvey(**shown)))

    assert reason(user_id="u1") == "trigger_matches"
    track("u1")
    assert reason(user_id="u1") is None


def test_a_paused_survey_is_not_armed(db, track, reason, survey):
    db.transact(lambda session: session.execute(update(Survey).values(status="paused")))
    track("u1")
    db.transact(lambda session: session.execute(update(Survey).values(status="published")))

    assert reason(user_id="u1") == "trigger_matches"


def test_what_is_over_is_forgotten_with_the_next_event(db, track, survey):
    track("u1", ago=timedelta(days=3))
    with db.read() as session:
        assert session.scalars(select(User.armed)).all() == [{}]
    track("u1")
    with db.read() as session:
        [armed] = session.scalars(select(User.armed)).all()
    [(since, until)] = [tuple(entry) for entry in armed[survey].values()]
    assert until - since == 2 * 86_400_000
