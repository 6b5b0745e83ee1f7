import json

import pytest

from tests.api.admin.conftest import pointers
from tests.conftest import ORIGIN


@pytest.fixture
def decide(client, project):
    """Ask as a page does whether `user` may be asked."""

    def ask(user, **more):
        body = {"publishable_key": project.publishable_key, "user_id": user, "page": "/"} | more
        headers = {"Origin": ORIGIN}
        return client.post(
            "/v1/decide", data=json.dumps(body), content_type="text/plain", headers=headers
        ).json

    return ask


@pytest.fixture
def refused(decide, make_survey):
    """A survey for admins, one admin asked, one viewer refused; returns the survey's id."""
    audience = {"op": "eq", "trait": "role", "value": "admin"}
    survey_id = make_survey(targeting={"audience": audience})
    assert decide("u-admin", traits={"role": "admin"})["show"] is True
    assert decide("u-viewer", traits={"role": "viewer"})["show"] is False
    return survey_id


def users_of(response):
    assert response.status_code == 200, response.json
    return [item["user_id"] for item in response.json["items"]]


@pytest.mark.parametrize(
    ("query", "users"),
    [
        ("", ["u-viewer", "u-admin"]),
        ("shown=true", ["u-admin"]),
        ("shown=false", ["u-viewer"]),
        ("outcome=shown", ["u-admin"]),
        ("outcome=refused", ["u-viewer"]),
        ("outcome=outranked", []),
        ("outcome=shown&gate=audience_matches", []),
        ("gate=audience_matches", ["u-viewer"]),
        ("gate=sampled", []),
        ("user_id=u-admin", ["u-admin"]),
        ("from=2000-01-01", ["u-viewer", "u-admin"]),
        ("to=2000-01-01", []),
    ],
)
def test_decisions_of_a_survey_are_filtered(call, refused, query, users):
    assert users_of(call("GET", f"/surveys/{refused}/decisions?{query}")) == users


def test_decisions_are_also_listed_over_all_surveys(call, refused, make_survey):
    assert users_of(call("GET", "/decisions?gate=audience_matches")) == ["u-viewer"]
    assert users_of(call("GET", "/decisions?user_id=nobody")) == []


def test_a_gate_is_looked_for_in_the_survey_asked_about(call, decide, make_survey):
    open_to_all = make_survey()
    make_survey(targeting={"pages": ["/other"]})
    decide("u1")

    assert users_of(call("GET", f"/surveys/{open_to_all}/decisions?gate=page_matches")) == []
    assert users_of(call("GET", "/decisions?gate=page_matches")) == ["u1"]


def test_a_survey_that_passed_and_lost_was_outranked(call, decide, make_survey):
    loser, winner = make_survey(), make_survey(priority=5)
    decide("u1")

    assert users_of(call("GET", f"/surveys/{loser}/decisions?outcome=outranked")) == ["u1"]
    assert users_of(call("GET", f"/surveys/{winner}/decisions?outcome=outranked")) == []


def test_pages_of_decisions_join(call, refused):
    path = f"/surveys/{refused}/decisions?limit=1"
    first = call("GET", path)
    second = call("GET", f"{path}&cursor={first.json['next_cursor']}")

    assert users_of(first) + users_of(second) == ["u-viewer", "u-admin"]
    assert second.json["next_cursor"] is None


def test_a_survey_nobody_met_has_no_decisions(call, refused, make_survey):
    assert users_of(call("GET", f"/surveys/{make_survey()}/decisions")) == []


def test_a_refusal_is_explained_in_words_and_values(call, refused):
    listed = call("GET", f"/surveys/{refused}/decisions?shown=false").json["items"][0]

    found = call("GET", f"/decisions/{listed['id']}").json

    assert {name: found[name] for name in listed} == listed
    survey = found["surveys"][0]
    assert (survey["survey_id"], survey["reason"]) == (refused, "audience_matches")
    assert "does not belong to the audience. Seen: role is viewer." in " ".join(survey["sentences"])
    gate = next(gate for gate in survey["gates"] if gate["gate"] == "audience_matches")
    assert gate["seen"] == {"role": "viewer"}
    assert all(gate["sentence"] for gate in survey["gates"])


def test_the_survey_that_lost_says_to_whom(call, decide, make_survey):
    loser = make_survey()
    winner = make_survey(priority=5)
    decide("u1")

    decision = call("GET", f"/surveys/{loser}/decisions").json["items"][0]
    found = call("GET", f"/decisions/{decision['id']}").json

    by_id = {survey["survey_id"]: survey for survey in found["surveys"]}
    assert by_id[loser]["outranked_by"] == winner
    assert f"{winner} came first" in by_id[loser]["sentences"][0]
    assert by_id[winner]["outranked_by"] is None


def test_a_replay_gives_the_same_though_the_survey_has_changed(call, refused):
    call("PATCH", f"/surveys/{refused}/sampling", json={"rate": 0}, if_match="*")

    for item in call("GET", f"/surveys/{refused}/decisions").json["items"]:
        replayed = call("GET", f"/decisions/{item['id']}/replay").json
        assert replayed["identical"] is True
        assert [one["passed"] for one in replayed["evaluations"]] == [item["shown"]]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("gate=luck", "#/query/gate"),
        ("outcome=luck", "#/query/outcome"),
        ("shown=1", "#/query/shown"),
        ("cursor=x", "#/query/cursor"),
        ("from=2026-02-02&to=2026-02-01", "#/query/to"),
    ],
)
def test_a_bad_parameter_is_pointed_at(call, refused, query, pointer):
    assert pointers(call("GET", f"/surveys/{refused}/decisions?{query}")) == [pointer]


def test_viewers_do_not_see_who_was_asked(call, refused, project):
    refusal = call("GET", f"/surveys/{refused}/decisions", project.viewer_token)

    assert refusal.status_code == 403
