"""Rules that nobody can ever meet are found before a survey goes out."""

import pytest

from backend.domain.audience_never import never


def trait(op, value=None, name="role"):
    return {"op": op, "trait": name} | ({} if value is None else {"value": value})


def all_of(*rules):
    return {"op": "and", "rules": list(rules)}


def any_of(*rules):
    return {"op": "or", "rules": list(rules)}


def usage(op, value, name="percentile"):
    return {"op": op, "usage": name, "value": value}


def opposite(rule):
    return {"op": "not", "rule": rule}


NEVER = [
    ("two values at once", all_of(trait("eq", "admin"), trait("eq", "member")), "role"),
    ("missing and equal", all_of(trait("missing"), trait("eq", "admin")), "role"),
    ("itself and its opposite", all_of(trait("eq", 1), opposite(trait("eq", 1))), "role"),
    ("in none of its list", all_of(trait("in", ["a", "b"]), trait("not_in", ["a", "b"])), "role"),
    ("an empty span", all_of(usage("gt", 90), usage("lt", 80)), "percentile"),
    ("above all percentiles", usage("gt", 100), "percentile"),
    ("more days than there are", usage("gte", 31, "active_days"), "active_days"),
    ("an empty or", any_of(), "rules"),
    (
        "every branch",
        any_of(all_of(trait("eq", 1), trait("eq", 2)), usage("gt", 100)),
        "role",
    ),
    ("inside a group", all_of(trait("eq", "a", "plan"), all_of(usage("lt", 0))), "percentile"),
]

SOMEBODY = [
    ("no rule", None),
    ("one value", trait("eq", "admin")),
    ("two subjects", all_of(trait("eq", "admin"), trait("eq", "pro", "plan"))),
    ("a span", all_of(usage("gt", 80), usage("lt", 90))),
    ("a narrow span of numbers", all_of(trait("gt", 7, "seats"), trait("lt", 8, "seats"))),
    ("one branch", any_of(trait("eq", "a"), all_of(trait("eq", "a"), trait("eq", "b")))),
    ("begins and holds", all_of(trait("starts_with", "ad"), trait("contains", "min"))),
    ("neither of two", all_of(trait("ne", "a"), trait("ne", "b"))),
    ("present, not one", all_of(trait("exists"), trait("ne", "a"))),
    ("a list with both", all_of(trait("contains", "a"), trait("contains", "b"))),
    ("a time", all_of({"op": "before", "trait": "at", "value": "2026-01-01"})),
    ("a feature", {"op": "used", "feature": "export", "days": 30}),
    ("a version", {"op": "gte", "field": "app_version", "value": "4.10"}),
]


@pytest.mark.parametrize(("rule", "subject"), [x[1:] for x in NEVER], ids=[x[0] for x in NEVER])
def test_a_rule_nobody_can_meet_names_its_contradiction(rule, subject):
    assert never(rule) == subject


@pytest.mark.parametrize("rule", [x[1] for x in SOMEBODY], ids=[x[0] for x in SOMEBODY])
def test_a_rule_somebody_can_meet_is_left_alone(rule):
    assert never(rule) is None
