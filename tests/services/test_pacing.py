"""The weekly rate of a survey with a target number of answers."""

from datetime import timedelta

import pytest

from backend.domain.sampling import pacing as formula
from backend.services import audit, pacing, survey_status, surveys
from backend.services.clock import utc_now
from backend.storage.models import Survey, User
from tests.showings import add_showings

ANY = frozenset("*")


@pytest.fixture
def people(db, project):
    """Three hundred people seen of late; every third is an admin."""

    def add(session):
        added = [
            User(
                project_id=project.id,
                user_id=f"u{number}",
                is_anonymous=False,
                traits={"role": "member" if number % 3 else "admin"},
                first_seen_at=utc_now() - timedelta(days=100),
                last_seen_at=utc_now() - timedelta(days=2),
                activity_day=0,
                activity_bits=0,
                recent_use=b"",
            )
            for number in range(300)
        ]
        session.add_all(added)
        session.flush()
        return [user.key for user in added]

    return db.transact(add)


@pytest.fixture
def change(db, project):
    """Change a survey as an admin does."""

    def work(survey, **changes):
        db.transact(
            lambda session: surveys.change(
                session, project.id, survey, changes, actor="test", if_match=ANY
            )
        )

    return work


def target(answers, **span):
    return {"target": {"answers": answers, **(span or {"period_days": 90})}}


def stored(db, survey):
    with db.read() as session:
        found = session.get(Survey, survey)
        return found.sampling, found.limits


def rates(db, survey):
    return [each["rate"] for each in stored(db, survey)[0].get("paced", [])]


def test_the_first_rate_is_set_at_once_and_the_next_after_a_week(db, people, make_survey, change):
    survey = make_survey(sampling={"spread_days": 90})
    change(survey, limits=target(30))
    now = utc_now()

    assert pacing.pace(db, now) == 1
    expected = formula(30, 0, 0, 0, 90, 0.8 * 300)["rate"]
    assert rates(db, survey) == [pytest.approx(expected)]
    assert pacing.pace(db, now + timedelta(days=6)) == 0
    assert pacing.pace(db, now + timedelta(days=7)) == 1
    assert len(rates(db, survey)) == 2


def test_only_the_audience_is_counted_on(db, people, make_survey, change):
    audience = {"op": "eq", "trait": "role", "value": "admin"}
    survey = make_survey(sampling={"spread_days": 90}, targeting={"audience": audience})
    change(survey, limits=target(10))

    pacing.pace(db, utc_now())

    assert rates(db, survey) == [pytest.approx(10 / 0.2 / (0.8 * 100))]


def test_answers_got_lower_the_rate_to_nothing(db, project, people, make_survey, change):
    survey = make_survey(sampling={"spread_days": 90})
    change(survey, limits=target(5))
    now = utc_now() + timedelta(days=8)
    at = now - timedelta(days=3)
    db.transact(
        lambda session: add_showings(session, project.id, survey, people[:6], at, answered=6)
    )

    pacing.pace(db, now)

    assert rates(db, survey) == [0.0]


def test_an_unreachable_target_asks_everybody(db, people, make_survey, change):
    survey = make_survey()
    change(survey, limits=target(100_000))

    pacing.pace(db, utc_now())

    assert rates(db, survey) == [1.0]


@pytest.mark.parametrize("status", ["paused", "archived"])
def test_what_does_not_run_is_not_paced(db, project, people, make_survey, change, status):
    survey = make_survey()
    change(survey, limits=target(10))
    db.transact(
        lambda session: survey_status.set_status(
            session, project.id, survey, status, actor="test", if_match=None
        )
    )

    assert pacing.pace(db, utc_now()) == 0


def test_a_rate_that_an_admin_sets_ends_what_pacing_set(db, people, make_survey, change):
    survey = make_survey()
    change(survey, limits=target(10))
    pacing.pace(db, utc_now())

    change(survey, sampling={"spread_days": 30})
    assert len(rates(db, survey)) == 1, "other knobs leave it alone"
    change(survey, sampling={"rate": 0.5})

    sampling, limits = stored(db, survey)
    assert (sampling["paced"], sampling["rate"]) == ([], 0.5)
    assert limits["target"]["answers"] == 10


def test_a_target_taken_back_gives_the_survey_its_own_rate_again(db, people, make_survey, change):
    survey = make_survey(sampling={"rate": 0.25})
    change(survey, limits=target(10))
    pacing.pace(db, utc_now())

    change(survey, limits={"target": None})

    assert rates(db, survey) == []
    assert pacing.pace(db, utc_now() + timedelta(days=9)) == 0


def test_each_rate_is_in_the_audit_trail(db, project, people, make_survey, change):
    survey = make_survey()
    change(survey, limits=target(10))
    pacing.pace(db, utc_now())

    with db.read() as session:
        entry = audit.entries(
            session, project.id, audit.Filters(subject=survey), before=None, limit=1
        )[0]
        assert (entry.actor, entry.action) == ("pacing", "survey.pace")
        assert entry.changes["sampling.paced"] == [None, pytest.approx(10 / 0.2 / 240)]


def test_rates_that_hold_for_nobody_any_more_are_dropped(db, people, make_survey, change):
    survey = make_survey(sampling={"spread_days": 14})
    change(survey, limits=target(10))
    now = utc_now()
    for week in range(6):
        pacing.pace(db, now + timedelta(days=7 * week))

    assert len(rates(db, survey)) == 3


@pytest.mark.parametrize(
    ("span", "after_days", "begins", "ends"),
    [
        ({"period_days": 90}, 10, 0, 90),
        ({"period_days": 90}, 200, 180, 270),
        ({"by": "2026-12-31"}, 10, 0, 31),
    ],
)
def test_a_period_repeats_and_a_date_does_not(span, after_days, begins, ends):
    since = pacing.midnight(pacing.date(2026, 12, 1))

    found = pacing.period(
        {"answers": 1, "since": "2026-12-01", **span}, since + timedelta(days=after_days)
    )

    assert (found.begins_at - since).days == begins
    assert (found.ends_at - since).days == ends
