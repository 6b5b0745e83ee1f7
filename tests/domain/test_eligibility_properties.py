"""What holds for every history, device and clock: nobody is asked inside a rest."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.eligibility import (
    Rests,
    Sampling,
    SurveyHistory,
    SurveyRules,
    Visitor,
    evaluate,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
# What happens at a showing, and the rest that it begins.
OUTCOMES = {
    "answered_at": "rest_days",
    "declined_at": "decline_rest_days",
    "ignored_at": "ignore_rest_days",
    "later_at": "later_rest_days",
    None: "ignore_rest_days",
}
DAYS = st.floats(0, 400)
RESTS = st.builds(Rests, *[st.sampled_from([0, 0.5, 1, 7, 14, 30, 90])] * 5)
VISIT = st.tuples(
    st.floats(0, 30),  # days since the visit before
    st.floats(-120, 120),  # seconds by which this server's clock is off
    st.sampled_from(list(OUTCOMES)),
    st.sampled_from(["srv_nps", "srv_csat"]),
    st.floats(0, 3600),  # seconds from showing to outcome
)


class Diary:
    """A person's past as the server keeps it: the latest time of each thing, from any device."""

    def __init__(self):
        self.history = {}
        self.asked = []  # (survey, time shown, what came of it, when)

    def note(self, survey, shown_at, outcome, ended_at):
        past = self.history.get(survey, SurveyHistory())
        times = {"shown_at": shown_at} | ({outcome: ended_at} if outcome else {})
        kept = {name: getattr(past, name) for name in ("answered_at", "declined_at")}
        kept |= {name: getattr(past, name) for name in ("ignored_at", "later_at")}
        self.history[survey] = SurveyHistory(**(kept | times))
        self.asked.append((survey, shown_at, outcome, ended_at if outcome else shown_at))


@settings(max_examples=150, deadline=None)
@given(RESTS, st.lists(VISIT, max_size=40))
def test_nobody_is_asked_inside_any_rest(rests, visits):
    diary, true_time = Diary(), START
    for gap, jitter, outcome, survey, delay in visits:
        true_time += timedelta(days=gap)
        now = true_time + timedelta(seconds=jitter)
        rules = SurveyRules(id=survey, old_enough_days=0, rests=rests)
        if not evaluate(rules, Visitor(id="u", history=diary.history), now).passed:
            continue
        for other, shown_at, past_outcome, ended_at in diary.asked:
            wait = timedelta(days=rests.any_survey_rest_days)
            assert not wait or now - shown_at >= wait
            assert not wait or now - ended_at >= wait
            own = timedelta(days=getattr(rests, OUTCOMES[past_outcome]))
            assert other != survey or not own or now - ended_at >= own
        diary.note(survey, now, outcome, now + timedelta(seconds=delay))


@settings(max_examples=200)
@given(
    st.permutations(["answered_at", "declined_at", "ignored_at", "later_at", "shown_at"]),
    st.lists(DAYS, min_size=5, max_size=5),
    RESTS,
)
def test_a_pass_means_that_every_rest_is_over(names, days, rests):
    past = {
        name: START - timedelta(days=age)
        for name, age in zip(names, days, strict=True)
        if age < 200
    }
    rules = SurveyRules(id="srv", old_enough_days=0, rests=rests)
    visitor = Visitor(id="u", history={"srv": SurveyHistory(**past)})

    result = evaluate(rules, visitor, START)

    limits = {
        "answered_at": rests.rest_days,
        "declined_at": rests.decline_rest_days,
        "ignored_at": rests.ignore_rest_days,
        "later_at": rests.later_rest_days,
    }
    rested = all(
        START - past[name] >= timedelta(days=limit)
        for name, limit in limits.items()
        if name in past
    )
    if result.passed:
        assert rested
    elif result.retry_at is not None:
        assert evaluate(rules, visitor, result.retry_at).passed
        assert not evaluate(rules, visitor, result.retry_at - timedelta(microseconds=1)).passed


@settings(max_examples=200)
@given(st.text(), st.floats(0, 1), st.floats(0, 1), st.integers(0, 200), st.booleans())
def test_raising_a_rate_only_adds_people(user, one, other, day, by_segment):
    def passes(rate):
        segments = (({"op": "missing", "trait": "plan"}, rate),) if by_segment else ()
        plan = Sampling(
            "salt",
            0.0 if by_segment else rate,
            segments,
            spread_days=90,
            started_on=date(2026, 1, 1),
        )
        rules = SurveyRules(id="srv", old_enough_days=0, sampling=plan)
        return evaluate(rules, Visitor(id=user), START + timedelta(days=day)).passed

    if passes(min(one, other)):
        assert passes(max(one, other))


@settings(max_examples=200)
@given(st.text(), st.floats(0, 1), st.floats(0, 1), st.integers(0, 400), st.integers(0, 400))
def test_a_paced_rate_that_rises_removes_nobody(user, one, other, changed, day):
    low, high = min(one, other), max(one, other)
    now = START + timedelta(days=day)

    def passes(rate):
        paced = ((START, low), (START + timedelta(days=changed), rate))
        plan = Sampling("salt", spread_days=90, started_on=date(2026, 1, 1), paced=paced)
        rules = SurveyRules(id="srv", old_enough_days=0, sampling=plan)
        return evaluate(rules, Visitor(id=user), now).passed

    if passes(low):
        assert passes(high)


@given(st.text(min_size=1), st.integers(0, 89))
def test_the_same_person_gets_the_same_answer_on_every_page_view(user, day):
    plan = Sampling("salt", 0.25, spread_days=90, started_on=date(2026, 1, 1))
    rules = SurveyRules(id="srv", old_enough_days=0, sampling=plan)
    now = START + timedelta(days=day)

    answers = {
        evaluate(
            rules, Visitor(id=user, page=page, device=device), now + timedelta(hours=hour)
        ).passed
        for page, device, hour in (("/", "desktop", 0), ("/a", "mobile", 9), (None, None, 23))
    }

    assert len(answers) == 1


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_caps_and_budgets_hold_at_every_count(asked, today, most):
    rules = SurveyRules.from_dict(
        {
            "id": "srv",
            "old_enough_days": 0,
            "account_cap": {"count": most, "days": 30},
            "daily_budget": most,
        }
    )
    visitor = Visitor(
        id="u", account_id="acme", account_asked={"srv": asked}, asked_today={"srv": today}
    )

    assert evaluate(rules, visitor, START).passed == (asked < most and today < most)


@pytest.mark.parametrize("days", [0.5, 1, 7, 90])
def test_a_rest_ends_on_the_microsecond(days):
    rests = Rests(rest_days=days, any_survey_rest_days=0)
    rules = SurveyRules(id="srv", old_enough_days=0, rests=rests)
    visitor = Visitor(id="u", history={"srv": SurveyHistory(answered_at=START)})
    end = START + timedelta(days=days)

    assert evaluate(rules, visitor, end).passed
    assert not evaluate(rules, visitor, end - timedelta(microseconds=1)).passed
