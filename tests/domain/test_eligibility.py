"""The gates, on every case of tests/vectors/eligibility.json, and what holds around them."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.domain.eligibility import (
    Evaluation,
    Sampling,
    SurveyHistory,
    SurveyRules,
    Trigger,
    UsageFacts,
    Visitor,
    choose,
    evaluate,
    replay,
    stored,
)
from backend.domain.gates import GATES
from backend.domain.page_entry import page_entry
from backend.domain.timestamps import format_time, parse_time

VECTORS = Path(__file__).parents[1] / "vectors" / "eligibility.json"
CASES = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DESIGN_ORDER = [
    "project_enabled",
    "survey_running",
    "origin_allowed",
    "trigger_matches",
    "page_matches",
    "device_matches",
    "audience_matches",
    "old_enough",
    "sampled",
    "rested_after_answer",
    "rested_after_decline",
    "rested_after_ignore",
    "rested_after_later",
    "rested_after_any",
    "account_below_cap",
    "within_budget",
    "no_open_ticket",
]


def decide(case: dict[str, Any]) -> Evaluation:
    now = parse_time(case["now"])
    assert now is not None
    return evaluate(SurveyRules.from_dict(case["rules"]), Visitor.from_json(case["visitor"]), now)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_shared_case_is_decided_as_written(case):
    result = decide(case)

    expected = case["expected"]
    assert result.passed == expected["passed"]
    assert result.reason == expected["reason"]
    assert [gate.gate for gate in result.gates if not gate.passed] == expected["failed"]
    assert result.draw == expected["draw"]
    assert result.admission_probability == expected["admission_probability"]
    assert format_time(result.retry_at) == expected["retry_at"]
    if "gates" in expected:
        assert [gate.to_json() for gate in result.gates] == expected["gates"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_stored_decision_replays_identically(case):
    rules, visitor = SurveyRules.from_dict(case["rules"]), Visitor.from_json(case["visitor"])
    result = decide(case)

    record = json.loads(json.dumps(stored(rules, visitor, result)))

    assert replay(record) == result
    assert Evaluation.from_json(record["evaluation"]) == result


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_page_never_stops_whom_the_server_would_ask(case):
    if "local" in case and case["expected"]["passed"]:
        assert case["local"]["passed"]


@pytest.mark.parametrize("case", CASES[:40], ids=[case["name"] for case in CASES[:40]])
def test_rules_and_visitors_survive_the_way_through_json(case):
    rules, visitor = SurveyRules.from_dict(case["rules"]), Visitor.from_json(case["visitor"])

    assert SurveyRules.from_dict(json.loads(json.dumps(rules.to_dict()))) == rules
    assert Visitor.from_json(json.loads(json.dumps(visitor.to_json()))) == visitor


def test_there_are_at_least_300_shared_cases():
    assert len(CASES) >= 300


def test_every_decision_lists_every_gate_in_the_order_of_the_design():
    result = evaluate(SurveyRules(id="srv"), Visitor(id="u", project_enabled=False), NOW)

    assert [gate.gate for gate in result.gates] == DESIGN_ORDER == [name for name, *_ in GATES]


def test_a_stored_decision_keeps_only_the_traits_the_rules_looked_at():
    rules = SurveyRules(
        id="srv",
        audience={"op": "eq", "trait": "role", "value": "admin"},
        sampling=Sampling(
            salt="s", segments=(({"op": "eq", "account_trait": "plan", "value": "pro"}, 1.0),)
        ),
    )
    visitor = Visitor(
        id="u",
        traits={"role": "admin", "email": "ana@example.com"},
        account_traits={"plan": "pro", "arr": 9000},
        usage=UsageFacts(last_used={"export": date(2026, 11, 1)}),
    )

    record = stored(rules, visitor, evaluate(rules, visitor, NOW))

    assert record["visitor"]["traits"] == {"role": "admin"}
    assert record["visitor"]["account_traits"] == {"plan": "pro"}
    assert record["visitor"]["usage"]["last_used"] == {}


def test_nothing_waits_when_something_other_than_time_stands_in_the_way():
    rules = SurveyRules(id="srv", devices=("mobile",), old_enough_days=30)

    result = evaluate(rules, Visitor(id="u", device="desktop", first_seen_at=NOW), NOW)

    assert result.retry_at is None


def test_the_wait_ends_when_the_last_gate_that_waits_does():
    past = SurveyHistory(answered_at=NOW - timedelta(days=89))
    rules = SurveyRules(id="srv", old_enough_days=30)

    result = evaluate(rules, Visitor(id="u", first_seen_at=NOW, history={"srv": past}), NOW)

    assert result.retry_at == NOW + timedelta(days=30)


def test_too_little_use_is_looked_at_again_after_midnight():
    rules = SurveyRules(
        id="srv", old_enough_days=0, audience={"op": "gte", "usage": "active_days", "value": 9}
    )

    result = evaluate(rules, Visitor(id="u", usage=UsageFacts(active_days=3)), NOW)

    assert result.retry_at == datetime(2026, 11, 23, tzinfo=UTC)


RANKED = (
    ("higher priority", {"priority": 2}, {"priority": 1}),
    ("earlier start", {"starts_at": NOW - timedelta(2)}, {"starts_at": NOW - timedelta(1)}),
    ("no start is the earliest", {}, {"starts_at": NOW - timedelta(1)}),
)


@pytest.mark.parametrize(("first", "second"), [r[1:] for r in RANKED], ids=[r[0] for r in RANKED])
def test_one_of_several_surveys_wins_and_the_others_say_who_outranked_them(first, second):
    rules = {
        "srv_z": SurveyRules(id="srv_z", old_enough_days=0, **first),
        "srv_a": SurveyRules(id="srv_a", old_enough_days=0, **second),
    }
    results = [evaluate(one, Visitor(id="u"), NOW) for one in rules.values()]

    for order in (results, results[::-1]):
        choice = choose(order, rules)
        assert choice.winner is not None
        assert choice.winner.survey_id == "srv_z"
        assert choice.outranked == {"srv_a": "srv_z"}


def test_the_smaller_id_wins_a_tie():
    rules = {name: SurveyRules(id=name, old_enough_days=0) for name in ("srv_b", "srv_a")}

    choice = choose([evaluate(one, Visitor(id="u"), NOW) for one in rules.values()], rules)

    assert choice.winner is not None
    assert choice.winner.survey_id == "srv_a"


def test_nobody_wins_when_nothing_passed():
    rules = SurveyRules(id="srv", status="paused")

    assert choose([evaluate(rules, Visitor(id="u"), NOW)], {"srv": rules}).winner is None


def test_a_survey_opened_by_hand_has_no_admission_probability():
    result = evaluate(SurveyRules(id="srv", old_enough_days=0), Visitor(id="u", manual=True), NOW)

    assert result.passed
    assert result.draw is None
    assert result.admission_probability is None
    assert result.gate("sampled").seen == "manual"


@pytest.mark.parametrize(
    "record",
    [
        {"id": "s", "sampling": {"rate": 1.2}},
        {"id": "s", "sampling": {"rate": float("nan")}},
        {"id": "s", "sampling": {"rate": True}},
        {"id": "s", "sampling": {"segments": [{"when": {}, "rate": -0.1}]}},
        {"id": "s", "rests": {"rest_days": -1}},
        {"id": "s", "rests": {"rest_days": 1e9}},
        {"id": "s", "old_enough_days": float("inf")},
        {"id": "s", "status": "running"},
        {"id": "s", "starts_at": "2026-11-22T09:30:00"},
        {"id": "s", "starts_at": "soon"},
    ],
)
def test_a_configuration_with_a_bad_value_is_refused(record):
    with pytest.raises(ValueError, match=r"from 0 to|status is|offset|isoformat"):
        SurveyRules.from_dict(record)


def test_the_published_entry_leaves_use_to_the_server():
    rules = SurveyRules(
        id="srv",
        audience={"op": "gte", "usage": "percentile", "value": 90},
        sampling=Sampling(
            salt="s",
            rate=0.5,
            segments=(({"op": "used", "feature": "export", "days": 30}, 0.1),),
        ),
        triggers=(Trigger("event", "done"),),
        daily_budget=5,
    )

    entry = page_entry(rules, NOW)

    assert entry["audience"] == {"op": "server"}
    assert entry["sampling"]["segments"] == [{"when": {"op": "server"}, "rate": 0.5}]
    assert entry["triggers"] == [{"type": "event", "name": "done"}]
    assert "daily_budget" not in entry


def test_the_published_rate_is_the_highest_that_may_still_be_in_force():
    paced = ((NOW - timedelta(400), 0.9), (NOW - timedelta(300), 0.4), (NOW - timedelta(7), 0.2))

    entry = page_entry(
        SurveyRules(id="srv", sampling=Sampling(salt="s", spread_days=90, paced=paced)), NOW
    )

    assert entry["sampling"]["rate"] == 0.4
