"""The knobs of a running survey: turned at once, kept in the audit trail, checked."""

import json

import pytest

from tests.api.admin.conftest import pointers
from tests.conftest import ORIGIN


@pytest.fixture
def patch(call):
    """Change a survey whatever its revision; `path` is below it."""

    def send(survey, path="", tag="*", **changes):
        return call("PATCH", f"/surveys/{survey}{path}", json=changes, if_match=tag)

    return send


@pytest.fixture
def is_asked(client, project):
    """Say whether a new user would be asked."""

    def ask(user):
        body = {"publishable_key": project.publishable_key, "user_id": user, "page": "/"}
        headers = {"Origin": ORIGIN}
        sent = client.post(
            "/v1/decide", data=json.dumps(body), content_type="text/plain", headers=headers
        )
        return sent.json["show"]

    return ask


def test_a_knob_acts_at_once_without_a_new_version(call, patch, is_asked, make_survey):
    survey = make_survey()
    assert is_asked("u1")

    patch(survey, "/sampling", rate=0)

    assert not is_asked("u2")
    assert len(call("GET", f"/surveys/{survey}/versions").json["items"]) == 1


def test_who_turned_what_and_when_is_kept(call, patch, make_survey):
    survey = make_survey()
    patch(survey, "/sampling", rate=0.25)
    patch(survey, rests={"rest_days": 60}, limits={"daily_budget": 40})
    call("POST", f"/surveys/{survey}/pause")

    entries = call("GET", f"/audit?subject={survey}").json["items"]

    assert [entry["changes"] for entry in entries[:3]] == [
        {"status": ["published", "paused"]},
        {"rests.rest_days": [90, 60], "limits.daily_budget": [None, 40]},
        {"sampling.rate": [1.0, 0.25]},
    ]
    assert all(entry["actor"] and entry["at"].endswith("Z") for entry in entries)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"rate": 1.2}, "#/rate"),
        ({"rate": -0.1}, "#/rate"),
        ({"rate": "0.5"}, "#/rate"),
        ({"rate": True}, "#/rate"),
        ({"spread_days": 1.5}, "#/spread_days"),
        ({"salt": "x"}, "#/salt"),
        ({"segments": [{"when": {"op": "like"}, "rate": 1}]}, "#/segments/0/when/op"),
        (
            {"segments": [{"when": {"op": "gt", "usage": "percentile", "value": "90"}, "rate": 1}]},
            "#/segments/0/when/value",
        ),
    ],
)
def test_bad_sampling_is_pointed_at(patch, make_survey, changes, pointer):
    assert pointers(patch(make_survey(), "/sampling", **changes)) == [pointer]


def test_a_rate_that_is_no_number_of_json_is_malformed(call, make_survey):
    answer = call(
        "PATCH",
        f"/surveys/{make_survey()}/sampling",
        data='{"rate": NaN}',
        content_type="application/json",
        if_match="*",
    )

    assert (answer.status_code, answer.json["type"]) == (400, "/problems/malformed-json")


def nested(levels):
    rule = {"op": "eq", "trait": "role", "value": "admin"}
    for _ in range(levels):
        rule = {"op": "not", "rule": rule}
    return rule


@pytest.mark.parametrize(
    ("audience", "pointer"),
    [
        ({"op": "like", "trait": "role", "value": "a"}, "/op"),
        ({"op": "gt", "trait": "age", "value": "7"}, "/value"),
        (nested(200), "/rule" * 6),
        (
            {"op": "and", "rules": [{"op": "eq", "trait": "colour", "value": "red"}]},
            "/rules/0/trait",
        ),
    ],
)
def test_a_bad_audience_is_pointed_at(
    client, call, patch, is_asked, project, make_survey, audience, pointer
):
    survey = make_survey()
    headers = {"Authorization": f"Bearer {project.secret_key}"}
    traits = {"role": "admin", "age": 7}
    event = {"type": "identify", "userId": "u1", "traits": traits}
    client.post("/v1/batch", json={"batch": [event]}, headers=headers)

    found = pointers(patch(survey, targeting={"audience": audience}))

    assert found[0] == "#/targeting/audience" + pointer


def test_an_unknown_survey_and_a_stale_tag(patch, make_survey):
    survey = make_survey()

    assert patch("srv_unknown", "/sampling", rate=0.5).status_code == 404
    assert patch(survey, "/sampling", tag="1", rate=0.5).status_code == 412


@pytest.mark.parametrize(
    ("target", "pointer"),
    [
        ({"answers": 0, "period_days": 90}, "#/limits/target/answers"),
        ({"answers": 9}, "#/limits/target/by"),
        ({"answers": 9, "by": "2026-12-31", "period_days": 90}, "#/limits/target/by"),
        ({"answers": 9, "by": "31.12.2026"}, "#/limits/target/by"),
    ],
)
def test_a_bad_target_is_pointed_at(patch, make_survey, target, pointer):
    assert pointers(patch(make_survey(), limits={"target": target})) == [pointer]


def test_the_progress_of_a_target_is_told(call, patch, make_survey):
    survey = make_survey()
    path = f"/surveys/{survey}/sampling"
    assert call("GET", path).json["target"] is None

    patch(survey, limits={"target": {"answers": 40, "period_days": 90}})

    told = call("GET", path).json
    assert told["target"]["answers_wanted"] == 40
    assert told["target"]["displays_needed"] == 200
    assert told["budget_bound_on"] == []


def test_days_on_which_the_budget_bound_are_told(call, patch, is_asked, make_survey):
    survey = make_survey(limits={"daily_budget": 1})
    assert [is_asked(user) for user in ("u1", "u2", "u3")] == [True, False, False]

    [day] = call("GET", f"/surveys/{survey}/sampling").json["budget_bound_on"]

    assert (day["asked"], day["refused"]) == (1, 2)
