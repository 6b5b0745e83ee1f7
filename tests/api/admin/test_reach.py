"""A dry run over the people who are known."""

from datetime import timedelta

import pytest

from backend.services.clock import utc_now
from backend.storage.models import Account, User, UserSurvey
from tests.api.admin.conftest import pointers
from tests.showings import add_showings

DAY_ONE = 719_163
HALF = {"op": "eq", "trait": "role", "value": "admin"}


@pytest.fixture
def people(db, project):
    """Two hundred people seen of late, active on 15 of 30 days; every second is an admin."""

    def add(session):
        account = Account(
            project_id=project.id, account_id="acme", traits={}, first_seen_at=utc_now()
        )
        session.add(account)
        session.flush()
        added = [
            User(
                project_id=project.id,
                user_id=f"u{number}",
                is_anonymous=False,
                account_key=account.key if number < 40 else None,
                traits={"role": "admin" if number % 2 else "member"},
                first_seen_at=utc_now() - timedelta(days=100),
                last_seen_at=utc_now() - timedelta(days=2),
                activity_day=(utc_now() - timedelta(days=1)).toordinal() - DAY_ONE,
                activity_bits=(1 << 15) - 1,
                recent_use=b"",
            )
            for number in range(200)
        ]
        session.add_all(added)
        session.flush()
        return [user.key for user in added]

    return db.transact(add)


@pytest.fixture
def reach(call):
    """Return what a dry run says."""

    def ask(survey, **changes):
        found = call("POST", f"/surveys/{survey}/reach", json=changes)
        assert found.status_code == 200, found.json
        return found.json

    return ask


def removed(told):
    return {each["gate"]: each["people"] for each in told["removed_by"]}


def test_everybody_within_reach(reach, people, make_survey):
    told = reach(make_survey(targeting={"pages": ["/somewhere"], "devices": ["mobile"]}))

    assert (told["people"], told["looked_at"], told["now"]) == (200, 200, 200)
    assert told["removed_by"] == told["starved_by"] == []
    assert told["showings"] == pytest.approx(200, abs=1), "half of the days each"
    assert told["response_rate"] == pytest.approx(0.2)
    assert (told["response_rate_lower"], told["response_rate_upper"], told["displays"]) == (
        pytest.approx(0.057, abs=0.001),
        pytest.approx(0.510, abs=0.001),
        0,
    )
    assert told["answers"] == pytest.approx(40, abs=1)
    assert told["half_width"] == pytest.approx(100 * 1.96 * (0.6 / 43) ** 0.5, abs=0.5)


def test_changes_that_are_not_saved_are_tried(call, reach, people, make_survey):
    survey = make_survey()

    told = reach(survey, targeting={"audience": HALF}, sampling={"rate": 0.5})

    assert told["now"] < 80
    assert removed(told)["audience_matches"] == 100
    assert 70 < removed(told)["sampled"] < 130
    alone = {each["gate"]: each["alone"] for each in told["removed_by"]}
    assert told["now"] + sum(alone.values()) < 200
    stored = call("GET", f"/surveys/{survey}").json
    assert (stored["targeting"]["audience"], stored["sampling"]["rate"]) == (None, 1.0)


def test_caps_and_budgets_bound_what_to_expect(reach, people, make_survey):
    survey = make_survey()

    capped = reach(survey, limits={"account_cap": {"count": 10, "days": 30}})
    assert capped["showings"] == pytest.approx(170, abs=1)
    budgeted = reach(survey, limits={"daily_budget": 2})
    assert budgeted["showings"] == 60
    assert budgeted["showings_without_limits"] == pytest.approx(200, abs=1)


def test_a_draft_is_tried_as_if_it_were_out(call, reach, people):
    draft = call("POST", "/surveys", json={"name": "Draft"}).json["id"]

    assert reach(draft, sampling={"spread_days": 0})["now"] == 200


def test_people_too_new_are_expected_once_they_are_old_enough(reach, people, make_survey):
    told = reach(make_survey(), targeting={"old_enough_days": 115})

    assert told["now"] == 0
    assert told["showings"] == pytest.approx(200, abs=1)
    assert removed(told) == {"old_enough": 200}


def test_the_survey_that_starves_another_is_named(db, reach, people, make_survey):
    quarterly, weekly = make_survey(), make_survey(priority=5, name="Weekly")
    assert reach(quarterly)["starved_by"] == [
        {"survey_id": weekly, "name": "Weekly", "people": 200}
    ]
    shown_at = utc_now() - timedelta(days=2)
    db.transact(
        lambda session: session.add_all(
            UserSurvey(user_key=key, survey_id=weekly, shown_at=shown_at, answers=0)
            for key in people[:50]
        )
    )

    told = reach(quarterly)

    assert removed(told) == {"rested_after_any": 50}
    assert told["starved_by"][0]["people"] == 200


def test_the_response_rate_is_the_surveys_own(db, project, reach, people, make_survey):
    survey, at = make_survey(), utc_now() - timedelta(days=10)
    db.transact(
        lambda session: add_showings(session, project.id, survey, people[:90], at, answered=45)
    )

    assert reach(survey)["response_rate"] == pytest.approx(0.47)


def test_bad_changes_are_pointed_at(call, make_survey):
    path = f"/surveys/{make_survey()}/reach"

    assert pointers(call("POST", path, json={"sampling": {"rate": 1.2}})) == ["#/sampling/rate"]
    rule = {"op": "like", "trait": "role"}
    bad = call("POST", path, json={"targeting": {"audience": rule}})
    assert pointers(bad) == ["#/targeting/audience/op"]
    assert call("POST", "/surveys/srv_none/reach", json={}).status_code == 404
