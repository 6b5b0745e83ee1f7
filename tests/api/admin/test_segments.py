"""Saved segments: what an insight found, under a name, in a survey's audience."""

import pytest

from tests.api.admin.insights_world import World, write

PASSIVES = {"op": "scored", "bands": ["passive"]}


@pytest.fixture
def saved(call, project):
    """A saved segment."""
    made = call("POST", "/segments", json={"name": "Lukewarm", "audience": PASSIVES})
    assert made.status_code == 201, made.json
    return made.json


def survey(call, **given):
    return call("POST", "/surveys", json={"name": "Follow up", **given})


def test_the_people_of_a_cell_become_a_survey_audience(call, project, make_survey, db):
    write(db, project.id, make_survey(), World(people=60, answers_each=1, days=60))
    cell = call("GET", "/insights/active-use/people?group=top_decile_passives").json

    made = call("POST", "/segments", json={"name": "Cool fans", "audience": cell["audience"]}).json
    asked = survey(call, targeting={"audience": {"op": "segment", "id": made["id"]}}).json

    assert asked["targeting"]["audience"] == cell["audience"]


def test_a_segment_stands_within_a_rule_and_in_rates(call, saved):
    named = {"op": "segment", "id": saved["id"]}
    admins = {"op": "eq", "trait": "role", "value": "admin"}

    made = survey(
        call,
        targeting={"audience": {"op": "and", "rules": [admins, {"op": "not", "rule": named}]}},
        sampling={"rate": 0.1, "segments": [{"when": named, "rate": 1}]},
    ).json

    assert made["targeting"]["audience"]["rules"] == [admins, {"op": "not", "rule": PASSIVES}]
    assert made["sampling"]["segments"][0]["when"] == PASSIVES


def test_a_survey_keeps_its_rule_when_the_segment_goes(call, saved):
    made = survey(call, targeting={"audience": {"op": "segment", "id": saved["id"]}}).json

    assert call("DELETE", f"/segments/{saved['id']}").status_code == 204

    assert call("GET", "/segments").json["items"] == []
    assert call("GET", f"/surveys/{made['id']}").json["targeting"]["audience"] == PASSIVES


def test_segments_come_in_pages_the_latest_first(call, project):
    for name in ("a", "b", "c"):
        call("POST", "/segments", json={"name": name, "audience": PASSIVES})

    first = call("GET", "/segments?limit=2").json
    second = call("GET", f"/segments?limit=2&cursor={first['next_cursor']}").json

    names = [one["name"] for one in first["items"] + second["items"]]
    assert sorted(names) == ["a", "b", "c"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("audience", "pointer"),
    [
        (None, "#/audience"),
        ([], "#/audience"),
        ({"op": "x"}, "#/audience/op"),
        ({"op": "segment"}, "#/audience/id"),
        ({"op": "segment", "id": ["x"]}, "#/audience/id"),
        ({"op": "or", "rules": [PASSIVES, {"op": "segment", "id": "x"}]}, "#/audience/rules/1/id"),
    ],
)
def test_a_rule_that_is_none_is_pointed_into(call, project, audience, pointer):
    refused = call("POST", "/segments", json={"name": "x", "audience": audience})

    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == pointer


def test_a_name_stands_for_one_segment(call, saved):
    again = call("POST", "/segments", json={"name": "Lukewarm", "audience": PASSIVES})

    assert again.status_code == 409


def test_another_projects_segment_is_unknown(call, saved, make_project):
    other = make_project(name="Other")
    given = {"name": "x", "targeting": {"audience": {"op": "segment", "id": saved["id"]}}}

    refused = call("POST", "/surveys", token=other.owner_token, json=given)

    assert refused.json["errors"][0]["pointer"] == "#/targeting/audience/id"
