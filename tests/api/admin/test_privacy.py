"""People's data over REST: exported, erased, kept for so long; browsers' wishes are heeded."""

import pytest
from sqlalchemy import select

from backend.storage.models import Response, User
from tests.conftest import ORIGIN
from tests.dashboard import slug


@pytest.fixture
def person(client, project, make_survey, answer):
    """Somebody with traits, usage, a browser and an answer."""
    make_survey()
    events = [
        {"type": "identify", "userId": "team/ann", "traits": {"email": "ann@example.com"}},
        {"type": "track", "event": "export", "userId": "team/ann", "anonymousId": "b1"},
    ]
    headers = {"Authorization": f"Bearer {project.secret_key}"}
    assert client.post("/v1/batch", json={"batch": events}, headers=headers).json["stored"] == 2
    answer("team/ann", 3, "slow exports")
    return "team/ann"


def test_an_export_has_all_that_is_kept(call, person, project):
    found = call("GET", f"/users/{person}/export", project.analyst_token)

    assert found.headers["Content-Disposition"] == 'attachment; filename="person.json"'
    document = found.json
    assert {one["user_id"] for one in document["people"]} == {"team/ann", "b1"}
    assert document["people"][0]["traits"] == {"email": "ann@example.com"}
    assert [one["comment"] for one in document["responses"]] == ["slow exports"]
    assert [(one["name"], one["count"]) for one in document["usage"]] == [("export", 1)]
    assert len(document["decisions"]) == len(document["invitations"]) == 1
    assert document["decisions"][0]["evaluations"]
    assert "tk_" not in found.text
    assert "token_hash" not in found.text
    actions = {entry["action"]: entry["subject"] for entry in call("GET", "/audit").json["items"]}
    assert actions["user.export"].startswith("user")
    assert person not in actions["user.export"]


@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        ("viewer", "GET", "/users/team/ann/export"),
        ("analyst", "DELETE", "/users/team/ann"),
        ("analyst", "POST", "/users/team/ann/anonymise"),
        ("analyst", "GET", "/privacy"),
    ],
)
def test_people_are_erased_by_admins_and_exported_by_analysts(
    call, person, project, role, method, path
):
    assert slug(call(method, path, getattr(project, role + "_token"))) == (403, "role-forbidden")


def test_an_erased_person_is_in_no_answer_of_ours(call, person, project):
    erased = call("DELETE", f"/users/{person}", project.admin_token)

    assert erased.json == {"mode": "erase", "ids": 2, "responses": 1, "decisions": 1}
    assert slug(call("GET", f"/users/{person}")) == (404, "not-found")
    assert slug(call("GET", f"/users/{person}/export")) == (404, "not-found")
    assert slug(call("DELETE", f"/users/{person}")) == (404, "not-found")
    for path in ("/responses.csv", "/responses.jsonl", "/responses", "/audit"):
        text = call("GET", path).text
        assert "team/ann" not in text, path
        assert "slow exports" not in text, path


def test_an_anonymised_score_stays_in_the_export_of_answers(call, person):
    assert call("POST", f"/users/{person}/anonymise").json["mode"] == "anonymise"

    (left,) = call("GET", "/responses").json["items"]
    assert (left["score"], left["comment"], left["anonymous"]) == (3, None, True)
    assert left["user_id"].startswith("anonymised-")


def test_seven_exports_an_hour_are_too_many(config, db, project, person):
    from dataclasses import replace

    from backend.app import create_app

    client = create_app(replace(config, rate_limits=True), db).test_client()
    headers = {"Authorization": f"Bearer {project.owner_token}"}
    path = f"/api/v1/users/{person}/export"
    for _ in range(6):
        assert client.get(path, headers=headers).status_code == 200

    refused = client.get(path, headers=headers)

    assert slug(refused) == (429, "rate-limited")
    assert refused.headers["RateLimit-Policy"] == '"exports";q=6;w=3600'


def test_a_project_says_how_long_it_keeps_what(call, project):
    settings = call("GET", "/privacy")
    assert settings.json == {
        "events_days": 400,
        "decisions_days": 400,
        "responses_days": None,
        "respects_dnt": False,
        "revision": 1,
    }

    changed = call("PATCH", "/privacy", json={"events_days": 30}, if_match=settings.headers["ETag"])

    assert (changed.json["events_days"], changed.json["revision"]) == (30, 2)
    stale = call("PATCH", "/privacy", json={"events_days": 3}, if_match='"1"')
    assert slug(stale) == (412, "precondition-failed")
    assert slug(call("PATCH", "/privacy", json={"events_days": 3})) == (
        428,
        "precondition-required",
    )
    refused = call("PATCH", "/privacy", json={"events_days": 0}, if_match="*")
    assert refused.json["errors"][0]["pointer"] == "#/events_days"


def ask(client, project, headers, **more):
    document = {"publishable_key": project.publishable_key, "user_id": "u1", "page": "/x"}
    document |= {"traits": {"plan": "gold"}, "account": {"id": "acme"}} | more
    return client.post("/v1/decide", json=document, headers={"Origin": ORIGIN} | headers).json


def say(client, project, ticket):
    said = {"publishable_key": project.publishable_key, "ticket": ticket, "revision": 1}
    said |= {"state": "scored", "score": 9}
    return client.post("/v1/responses", json=said, headers={"Origin": ORIGIN})


def test_who_sends_global_privacy_control_answers_without_a_user(client, project, make_survey, db):
    make_survey()

    asked = ask(client, project, {"Sec-GPC": "1"})
    assert say(client, project, asked["ticket"]).status_code == 201

    with db.read() as session:
        (user,) = session.scalars(select(User)).all()
        stored = session.scalars(select(Response)).one()
        assert user.is_anonymous
        assert user.user_id.startswith("private-")
        assert (user.account_key, user.traits, stored.traits, stored.plan) == (None, {}, {}, None)
        assert stored.score == 9


def test_who_sends_global_privacy_control_is_not_asked_twice_a_day(client, project, make_survey):
    make_survey()
    assert ask(client, project, {"Sec-GPC": "1"})["show"] is True

    assert ask(client, project, {"Sec-GPC": "1"})["show"] is False


@pytest.mark.parametrize(
    ("headers", "more"),
    [({"Sec-GPC": "1"}, {"consent": "granted"}), ({"DNT": "1"}, {}), ({"Sec-GPC": "0"}, {})],
    ids=["the host asked for consent", "DNT that is not heeded", "no wish"],
)
def test_others_answer_as_themselves(client, project, make_survey, db, headers, more):
    make_survey()

    ask(client, project, headers, **more)

    with db.read() as session:
        assert session.scalars(select(User.user_id)).all() == ["u1"]


def test_do_not_track_is_heeded_where_the_project_says_so(call, client, project, make_survey, db):
    make_survey()
    call("PATCH", "/privacy", json={"respects_dnt": True}, if_match="*")

    ask(client, project, {"DNT": "1"})

    with db.read() as session:
        assert session.scalars(select(User.user_id)).one().startswith("private-")
