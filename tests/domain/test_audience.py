"""Audience rules: meaning, what was seen, and what the page is told."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.audience import Facts, judge, localize, matches, names_read
from backend.domain.timestamps import parse_time
from backend.domain.visitor import UsageFacts, Visitor

VECTORS = Path(__file__).parents[1] / "vectors" / "audience.json"
CASES = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ADMIN = {"op": "eq", "trait": "role", "value": "admin"}
HEAVY = {"op": "gte", "usage": "percentile", "value": 90}


def facts(**known):
    return Facts(Visitor(id="u", **known), "srv", NOW)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_shared_case_is_judged_as_written(case):
    now = parse_time(case["now"])
    assert now is not None
    known = Facts(Visitor.from_json(case["visitor"]), "srv_nps", now)

    assert matches(case["rule"], known) == case["expected"]
    assert matches(case["local_rule"], known) == case["local"]
    assert case["local"] or not case["expected"], "the page stops nobody whom the server admits"


def test_every_value_looked_at_is_told_even_after_the_first_miss():
    rule = {"op": "and", "rules": [ADMIN, HEAVY, {"op": "used", "feature": "export", "days": 9}]}
    usage = UsageFacts(percentile=40.0, last_used={"export": date(2026, 11, 1)})

    held, seen = judge(rule, facts(traits={"role": "viewer", "secret": 1}, usage=usage))

    assert not held
    assert seen == {"role": "viewer", "percentile": 40.0, "feature.export": "2026-11-01"}


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"op": "like", "trait": "role", "value": "a"},
        {"op": "eq"},
        {"op": "in", "trait": "role", "value": 5},
        {"op": "not", "rule": {"op": "nonsense"}},
        {"op": "and", "rules": "all"},
        {"op": "used", "feature": "export", "days": "many"},
        {"op": "before", "trait": "role", "value": "soon"},
        ["op"],
    ],
)
def test_a_rule_that_cannot_be_read_matches_nobody(rule):
    assert not matches(rule, facts(traits={"role": "2026-01-01"}))


def test_a_rule_of_ten_thousand_levels_matches_nobody_and_breaks_nothing():
    rule = ADMIN
    for _ in range(10_000):
        rule = {"op": "not", "rule": rule}

    assert not matches(rule, facts(traits={"role": "admin"}))


LOCAL = (
    ("a trait stays", ADMIN, ADMIN),
    ("use is left to the server", HEAVY, {"op": "server"}),
    (
        "under not it must read nobody",
        {"op": "not", "rule": HEAVY},
        {"op": "not", "rule": {"op": "or", "rules": []}},
    ),
    (
        "under two nots it is left again",
        {"op": "not", "rule": {"op": "not", "rule": HEAVY}},
        {"op": "not", "rule": {"op": "not", "rule": {"op": "server"}}},
    ),
    (
        "times need the server",
        {"op": "before", "trait": "t", "value": "2026-01-01"},
        {"op": "server"},
    ),
    (
        "the order of versions needs the server",
        {"op": "gte", "field": "app_version", "value": "4.2"},
        {"op": "server"},
    ),
    ("no rule stays none", None, None),
)


ON_PHONE = {"op": "eq", "field": "device", "value": "mobile"}


@pytest.mark.parametrize(("rule", "local"), [x[1:] for x in LOCAL], ids=[x[0] for x in LOCAL])
def test_the_page_is_told_only_what_it_can_judge(rule, local):
    assert localize(rule) == local


def test_a_trait_that_pages_never_send_is_left_to_the_server():
    assert localize(ADMIN, page_traits={"plan"}) == {"op": "server"}
    assert localize(ADMIN, page_traits={"role"}) == ADMIN
    plan = {"op": "eq", "account_trait": "plan", "value": "pro"}
    assert localize(plan, page_traits={"plan"}) == {"op": "server"}
    assert localize(plan, page_traits={"account.plan"}) == plan


def test_a_dry_run_judges_use_and_takes_what_only_pages_know_for_met():
    used = {"op": "used", "feature": "export", "days": 30}
    rule = {"op": "and", "rules": [used, {"op": "not", "rule": ADMIN}, ON_PHONE]}

    local = localize(rule, page_traits=(), in_page=False)

    assert local == {
        "op": "and",
        "rules": [used, {"op": "not", "rule": {"op": "or", "rules": []}}, {"op": "server"}],
    }


RULES = st.recursive(
    st.one_of(
        st.sampled_from(["eq", "ne"]).map(lambda op: {"op": op, "trait": "role", "value": "admin"}),
        st.just(HEAVY),
        st.just({"op": "not_used", "feature": "export", "days": 30}),
    ),
    lambda inner: st.one_of(
        st.builds(
            lambda op, rules: {"op": op, "rules": rules},
            st.sampled_from(["and", "or"]),
            st.lists(inner, max_size=3),
        ),
        inner.map(lambda rule: {"op": "not", "rule": rule}),
    ),
    max_leaves=8,
)


@given(RULES, st.sampled_from(["admin", "viewer", None]), st.sampled_from([None, 10.0, 95.0]))
def test_whoever_meets_a_rule_meets_its_local_form_without_any_usage(rule, role, percentile):
    whole = facts(traits={"role": role}, usage=UsageFacts(percentile=percentile))
    in_page = facts(traits={"role": role})

    if matches(rule, whole):
        assert matches(localize(rule), in_page)


@given(RULES, st.sampled_from(["admin", "viewer", None]))
def test_not_is_exactly_the_opposite(rule, role):
    known = facts(traits={"role": role})

    assert matches({"op": "not", "rule": rule}, known) != matches(rule, known)


def test_the_names_a_rule_reads_are_found_at_every_level():
    plan = {"op": "eq", "account_trait": "plan", "value": "pro"}
    used = {"op": "used", "feature": "export", "days": 30}
    busy = {"op": "gte", "usage": "percentile", "value": 90}
    rule = {"op": "or", "rules": [{"op": "not", "rule": ADMIN}, plan, used, busy]}

    assert names_read([None, rule]) == {
        "trait": {"role"},
        "account_trait": {"plan"},
        "feature": {"export"},
        "usage": {"percentile"},
    }
