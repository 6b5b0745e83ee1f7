"""Faults of audience rules, with the pointer to each."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from backend.domain.audience import check, schema

VECTORS = Path(__file__).parents[1] / "vectors" / "audience.json"
CASES = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
VALIDATOR = Draft202012Validator(schema())
ADMIN = {"op": "eq", "trait": "role", "value": "admin"}


def nested(levels):
    rule = ADMIN
    for _ in range(levels - 1):
        rule = {"op": "not", "rule": rule}
    return rule


FAULTS = (
    ("unknown operator", {"op": "like", "trait": "role", "value": "a"}, "/op"),
    ("no operator", {"trait": "role"}, "/op"),
    ("an operator that is no text", {"op": ["eq"], "trait": "role", "value": "a"}, "/op"),
    ("the server's own operator", {"op": "server"}, "/op"),
    ("not an object", ["eq"], ""),
    ("no list of rules", {"op": "and", "rules": ADMIN}, "/rules"),
    ("a fault deep inside", {"op": "and", "rules": [ADMIN, {"op": "x"}]}, "/rules/1/op"),
    ("not of nothing", {"op": "not"}, "/rule"),
    ("no subject", {"op": "eq", "value": "a"}, ""),
    ("two subjects", ADMIN | {"field": "page"}, ""),
    ("an empty name", {"op": "eq", "trait": "", "value": "a"}, "/trait"),
    ("an unknown field", {"op": "eq", "field": "country", "value": "a"}, "/field"),
    ("an unknown use", {"op": "gte", "usage": "logins", "value": 1}, "/usage"),
    ("an operator of another subject", {"op": "matches", "trait": "page", "value": "/"}, "/op"),
    ("an order of devices", {"op": "gt", "field": "device", "value": 1}, "/op"),
    ("a number as text", {"op": "gt", "trait": "seats", "value": "5"}, "/value"),
    ("true as a number", {"op": "gt", "trait": "seats", "value": True}, "/value"),
    ("not a finite number", {"op": "gt", "trait": "seats", "value": float("nan")}, "/value"),
    ("null as a value", {"op": "eq", "trait": "role", "value": None}, "/value"),
    ("no value", {"op": "eq", "trait": "role"}, "/value"),
    ("an empty list", {"op": "in", "trait": "role", "value": []}, "/value"),
    ("a list in a list", {"op": "in", "trait": "role", "value": [["a"]]}, "/value"),
    ("a value that is not asked for", {"op": "exists", "trait": "role", "value": 1}, "/value"),
    ("a misspelled member", ADMIN | {"valeu": 1}, "/valeu"),
    ("a member to escape", ADMIN | {"a/b~c": 1}, "/a~1b~0c"),
    ("a version as number", {"op": "gte", "field": "app_version", "value": 4.2}, "/value"),
    ("not a time", {"op": "before", "trait": "t", "value": "soon"}, "/value"),
    (
        "a time without offset",
        {"op": "after", "trait": "t", "value": "2026-01-01T00:00:00"},
        "/value",
    ),
    ("negative days", {"op": "used", "feature": "export", "days": -1}, "/days"),
    ("no feature", {"op": "used", "days": 30}, "/feature"),
    ("an unknown band", {"op": "scored", "bands": ["happy"]}, "/bands"),
    ("a band that is a list", {"op": "scored", "bands": [[]]}, "/bands"),
    ("days as text", {"op": "scored", "bands": ["passive"], "within_days": "9"}, "/within_days"),
    ("seven levels", nested(7), "/rule" * 6),
    ("200 levels", nested(200), "/rule" * 6),
    ("200,000 levels", nested(200_000), "/rule" * 6),
)


@pytest.mark.parametrize(("rule", "pointer"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_is_named_with_its_place(rule, pointer):
    faults = check(rule)

    assert [place for place, _ in faults] == [pointer]
    assert all(detail for _, detail in faults)


def test_every_fault_is_named_at_once_in_reading_order():
    rule = {"op": "or", "rules": [{"op": "x"}, ADMIN, {"op": "eq", "trait": "a", "value": None}]}

    assert [place for place, _ in check(rule)] == ["/rules/0/op", "/rules/2/value"]


def test_a_trait_that_nobody_has_is_a_fault_when_the_traits_are_known():
    assert check(ADMIN, known_traits={"plan"})[0][0] == "/trait"
    assert check(ADMIN, known_traits={"role"}) == []
    plan = {"op": "eq", "account_trait": "plan", "value": "pro"}
    assert check(plan, known_traits=set(), known_account_traits={"seats"})[0][0] == "/account_trait"


def test_too_many_conditions_are_a_fault():
    assert check({"op": "or", "rules": [ADMIN] * 100}) == []
    assert [place for place, _ in check({"op": "or", "rules": [ADMIN] * 101})] == [""]


def test_no_rule_and_six_levels_are_fine():
    assert check(None) == []
    assert check(nested(6)) == []


def test_a_fault_never_repeats_the_words_of_the_rule():
    faults = check({"op": "<script>", "trait": "x"}) + check(ADMIN | {"x": "<script>"})

    assert all("script" not in detail for _, detail in faults)


@pytest.mark.parametrize("case", [c for c in CASES if c["rule"]], ids=lambda case: case["name"])
def test_the_published_schema_takes_every_good_rule(case):
    assert list(VALIDATOR.iter_errors(case["rule"])) == []


@pytest.mark.parametrize(
    "rule",
    [f[1] for f in FAULTS if "levels" not in f[0] and "finite" not in f[0] and "time" not in f[0]],
    ids=[f[0] for f in FAULTS if not any(w in f[0] for w in ("levels", "finite", "time"))],
)
def test_the_published_schema_refuses_every_bad_rule(rule):
    assert not VALIDATOR.is_valid(rule)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["op", "rules", "rule", "trait", "value", "days", "bands", "field"]),
            st.one_of(inner, st.sampled_from(["and", "not", "eq", "used", "scored", "in"])),
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_value_is_checked_without_a_crash(value):
    for pointer, detail in check(value):
        assert pointer == "" or pointer.startswith("/")
        assert detail
