"""What is said when a survey goes out whose rules contradict, starve another, or outlast it."""

from datetime import timedelta

import pytest

from backend.services import survey_checks, surveys
from backend.services.clock import utc_now


@pytest.fixture
def warnings(db, project):
    """Return what is said of a survey with these rules."""

    def said(**rules):
        def work(session):
            survey = surveys.add(session, project.id, {"name": "New"} | rules, actor="test")
            return survey_checks.warnings(session, survey, utc_now())

        return db.transact(work)

    return said


def role(value):
    return {"op": "eq", "trait": "role", "value": value}


def test_an_audience_that_nobody_can_meet(warnings):
    both = {"op": "and", "rules": [role("admin"), role("member")]}

    [said] = warnings(targeting={"audience": both})

    assert "its conditions on role exclude each other" in said


def test_a_segment_that_nobody_can_be_in(warnings):
    none = {"op": "gt", "usage": "percentile", "value": 100}
    segments = [{"when": role("admin"), "rate": 1}, {"when": none, "rate": 1}]

    [said] = warnings(sampling={"segments": segments})

    assert "segment 2" in said


def test_turns_that_reach_past_the_end(warnings):
    said = warnings(ends_at=utc_now() + timedelta(days=45), targeting={"old_enough_days": 0})

    assert len(said) == 1
    assert "only 50% of the people get a turn" in said[0]


def test_people_who_are_not_old_enough_before_the_end(warnings):
    said = warnings(ends_at=utc_now() + timedelta(days=20), sampling={"spread_days": 0})

    assert ["waits 30 days" in each for each in said] == [True]


def test_a_rest_after_any_survey_that_outlasts_the_surveys_own(warnings):
    [said] = warnings(rests={"rest_days": 30, "any_survey_rest_days": 60})

    assert "any_survey_rest_days (60) is longer than rest_days (30)" in said


def test_a_target_in_a_shorter_period_than_the_turns(warnings):
    [said] = warnings(limits={"target": {"answers": 50, "period_days": 30}})

    assert "longer than the 30 days of the target" in said


def test_a_survey_that_starves_another_and_one_that_is_starved(warnings, make_survey):
    make_survey(name="Weekly", priority=5, rests={"ignore_rest_days": 5})

    [starved] = warnings()
    assert "“Weekly” comes first and is back 5 days after" in starved
    [starves] = warnings(priority=9, rests={"ignore_rest_days": 7})
    assert "many people will never see “Weekly”" in starves


@pytest.mark.parametrize(
    "rival",
    [
        {"rests": {"ignore_rest_days": 14}},
        {"targeting": {"pages": ["/settings"]}},
        {"targeting": {"audience": role("admin")}},
        {"sampling": {"rate": 0.2}},
    ],
)
def test_a_rival_that_leaves_people_is_not_told(warnings, make_survey, rival):
    make_survey(priority=5, **({"rests": {"ignore_rest_days": 5}} | rival))

    assert warnings() == []
