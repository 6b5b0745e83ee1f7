"""What a support person reads when they ask why somebody was, or was not, asked."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from backend.domain.eligibility import (
    Cap,
    Rests,
    Sampling,
    SurveyHistory,
    SurveyRules,
    Trigger,
    UsageFacts,
    Visitor,
    evaluate,
    replay,
    stored,
)
from backend.domain.explanations import WRITERS, explain, explain_gates
from backend.domain.gates import GATES

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ADMINS = {"op": "eq", "trait": "role", "value": "admin"}
# With this salt "42" has the draw 0.0401 and slot day 29, "u-1" the draw 0.9682 and day 54.
QUARTER = Sampling("nps-2025", 0.25, spread_days=90, started_on=date(2026, 11, 1))


def survey(**rules):
    return SurveyRules(id="srv_nps", **({"old_enough_days": 0} | rules))


def visitor(**known):
    return Visitor(**({"id": "42", "page": "/reports/42"} | known))


def past(**times):
    return visitor(history={"srv_nps": SurveyHistory(**times)})


def days_ago(days):
    return NOW - timedelta(days=days)


SCENARIOS = (
    ("project off", survey(), visitor(project_enabled=False), "The project is switched off."),
    ("draft", survey(status="draft"), visitor(), "its status is draft"),
    (
        "not begun",
        survey(starts_at=NOW + timedelta(days=2)),
        visitor(),
        "starts on 2026-11-24 09:30 UTC",
    ),
    ("over", survey(ends_at=days_ago(1)), visitor(), "ends on 2026-11-21 09:30 UTC"),
    (
        "other site",
        survey(origins=("https://app.example.com",)),
        visitor(origin="https://docs.example.com"),
        "The site was https://docs.example.com. This survey is for https://app.example.com.",
    ),
    (
        "event missing",
        survey(triggers=(Trigger("event", "export_done"),)),
        visitor(),
        "What happened: a page load. The survey waits for the event export_done.",
    ),
    ("by hand only", survey(triggers=()), visitor(), "it opens by hand only"),
    (
        "other page",
        survey(pages=("/settings/**",)),
        visitor(),
        "The page was /reports/42. This survey is shown on /settings/**.",
    ),
    ("device unknown", survey(devices=("desktop",)), visitor(), "The device is not known."),
    (
        "wrong role",
        survey(audience=ADMINS),
        visitor(traits={"role": "viewer"}),
        "does not belong to the audience. Seen: role is viewer.",
    ),
    ("role never sent", survey(audience=ADMINS), visitor(), "Seen: role is not known."),
    (
        "too little use",
        survey(audience={"op": "gte", "usage": "percentile", "value": 90}),
        visitor(usage=UsageFacts(percentile=41.5)),
        "Seen: percentile is 41.5.",
    ),
    (
        "too new",
        survey(old_enough_days=30),
        visitor(first_seen_at=days_ago(10)),
        "First seen on 2026-11-12 09:30 UTC; old enough (30 days) will be on 2026-12-12 09:30 UTC.",
    ),
    (
        "not in the sample",
        survey(sampling=QUARTER),
        visitor(id="u-1"),
        "Not in the sample: the rate is 25 %, and this person's draw is 0.9682, "
        "so they join when it is raised above 96.82 %.",
    ),
    (
        "slot to come",
        survey(sampling=QUARTER),
        visitor(),
        "In the sample: draw 0.0401 is below the rate of 25 %. Their first slot is on 2026-11-30.",
    ),
    (
        "segment of rate 0",
        survey(sampling=Sampling("nps-2025", 1, ((ADMINS, 0.0),))),
        visitor(traits={"role": "admin"}),
        "the rate of segment 1 is 0 %",
    ),
    (
        "answered",
        survey(),
        past(answered_at=days_ago(20), last_score=9),
        "The person last answered this survey on 2026-11-02 09:30 UTC; "
        "the rest of 90 days ends on 2027-01-31 09:30 UTC.",
    ),
    (
        "declined",
        survey(),
        past(declined_at=days_ago(20)),
        "the rest of 30 days ends on 2026-12-02",
    ),
    ("ignored", survey(), past(shown_at=days_ago(8)), "last ignored this survey on 2026-11-14"),
    ("later", survey(), past(later_at=days_ago(1)), "said “later” to this survey on 2026-11-21"),
    (
        "another survey",
        survey(),
        visitor(history={"srv_csat": SurveyHistory(shown_at=days_ago(3))}),
        "last met a survey on 2026-11-19 09:30 UTC; the rest of 7 days ends on 2026-11-26",
    ),
    (
        "account at its cap",
        survey(account_cap=Cap(3, 30)),
        visitor(account_id="acme", account_asked={"srv_nps": 3}),
        "3 people of the account acme were asked in the last 30 days; the limit is 3.",
    ),
    (
        "budget spent",
        survey(daily_budget=40),
        visitor(asked_today={"srv_nps": 40}),
        "40 people were asked today (UTC); the daily budget is 40.",
    ),
    (
        "invitation open",
        survey(),
        visitor(open_ticket_until=NOW + timedelta(minutes=20)),
        "An earlier invitation stays open until 2026-11-22 09:50 UTC.",
    ),
)


@pytest.mark.parametrize(
    ("rules", "person", "words"), [s[1:] for s in SCENARIOS], ids=[s[0] for s in SCENARIOS]
)
def test_a_refusal_is_explained_in_plain_words(rules, person, words):
    result = evaluate(rules, person, NOW)

    lines = explain(result, rules, person)

    assert lines[0].startswith(f"Not asked on 2026-11-22 09:30 UTC: {result.reason} failed")
    assert any(words in line for line in lines[1:]), lines


def test_why_was_this_person_not_asked_last_tuesday():
    rules = survey(rests=Rests(rest_days=90))
    tuesday = datetime(2026, 11, 17, 14, tzinfo=UTC)
    person = past(answered_at=datetime(2026, 9, 1, 8, tzinfo=UTC))
    record = json.loads(json.dumps(stored(rules, person, evaluate(rules, person, tuesday))))

    lines = explain(replay(record), rules, person)

    assert lines == [
        "Not asked on 2026-11-17 14:00 UTC: rested_after_answer failed.",
        "The person last answered this survey on 2026-09-01 08:00 UTC; "
        "the rest of 90 days ends on 2026-11-30 08:00 UTC.",
        "Nothing else stands in the way from 2026-11-30 08:00 UTC on.",
    ]


def test_several_reasons_are_all_named_and_the_last_to_end_is_the_date():
    rules = survey(old_enough_days=30, sampling=QUARTER)
    person = visitor(first_seen_at=days_ago(10))

    lines = explain(evaluate(rules, person, NOW), rules, person)

    assert lines[0].endswith("old_enough failed, and 1 more.")
    assert "first slot is on 2026-11-30" in lines[2]
    assert lines[-1] == "Nothing else stands in the way from 2026-12-12 09:30 UTC on."


def test_no_date_is_promised_when_time_alone_changes_nothing():
    rules, person = survey(audience=ADMINS, old_enough_days=30), visitor(first_seen_at=NOW)

    lines = explain(evaluate(rules, person, NOW), rules, person)

    assert not any("Nothing else" in line for line in lines)


def test_a_survey_that_lost_says_which_came_first():
    result = evaluate(survey(), visitor(), NOW)

    lines = explain(result, survey(), visitor(), outranked_by="srv_csat")

    assert lines[0].startswith("Not asked on 2026-11-22 09:30 UTC: srv_csat came first.")


def test_a_person_who_was_asked_is_told_so():
    assert explain(evaluate(survey(), visitor(), NOW), survey(), visitor()) == [
        "Asked on 2026-11-22 09:30 UTC: every gate was passed."
    ]


def test_a_survey_opened_by_hand_says_which_gates_were_not_asked():
    person = visitor(manual=True)
    result = evaluate(survey(), person, NOW)

    told = {gate: words for gate, _, words in explain_gates(result, survey(), person)}

    assert told["sampled"] == "Not asked of a survey that is opened by hand."
    assert explain(result, survey(), person)[0].endswith("The survey was opened by hand.")


def test_every_gate_has_its_sentence_whether_passed_or_not():
    assert set(WRITERS) == {name for name, *_ in GATES}
    for _, rules, person, _ in SCENARIOS:
        result = evaluate(rules, person, NOW)
        for gate, passed, words in explain_gates(result, rules, person):
            assert words.endswith("."), (gate, passed, words)
            assert "None" not in words
