"""Every operation of the admin plane, whoever wrote it: who may call it, whose things it shows."""

import re
from typing import NamedTuple

import pytest

from backend.api.auth import ROLES, access_of
from backend.services import projects
from tests.conftest import ORIGIN
from tests.dashboard import join

# A body that each operation with one takes, so that a refusal is for the caller's sake alone.
BODIES = {
    "create_project": {"name": "x"},
    "change_project": {"name": "x"},
    "create_key": {"kind": "secret"},
    "create_token": {"name": "x", "role": "viewer"},
    "create_survey": {"name": "x"},
    "change_survey": {"name": "x"},
    "change_sampling": {"rate": 0.5},
    "change_response": {"is_test": True},
    "change_member": {"role": "viewer"},
    "change_privacy": {"events_days": 100},
    "create_invitation": {"email": "new@example.com", "role": "viewer"},
    "reach_survey": {},
    "check_identity_token": {"token": "a.b.c"},
    "add_segment": {"name": "x", "audience": {"op": "scored", "bands": ["passive"]}},
    "try_page_rules": {"path": "/"},
    "try_themes": {"themes": [{"name": "x", "patterns": ["y"]}]},
}
QUERIES = {"explain_survey": "?user_id=u-1"}
UNKNOWN = {
    "project_id": "prj_none",
    "key_id": "key_none",
    "token_id": "tok_none",
    "secret_id": "is_none",
    "survey_id": "srv_none",
    "response_id": "rsp_none",
    "decision_id": "dec_none",
    "user_id": "nobody",
    "account_id": "nobody-inc",
    "release_id": "rel_none",
    "segment_id": "seg_none",
    "member_id": "mem_none",
    "invitation_id": "inv_none",
    "name": "no-such-method",
}


class Operation(NamedTuple):
    """One method of one route."""

    method: str
    path: str
    name: str
    role: str
    arguments: frozenset

    def send(self, call, token, ids, suffix=""):
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: ids[found[1]], self.path)
        given = {"json": BODIES[self.name]} if self.name in BODIES else {}
        query = suffix or QUERIES.get(self.name, "")
        return call(self.method, path + query, token, if_match="*", **given)


def operations_of(app):
    found = []
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            access = access_of(app, rule.endpoint, method)
            if access and access.plane == "admin":
                name = rule.endpoint.rpartition(".")[2]
                path = rule.rule.removeprefix("/api/v1")
                found.append(Operation(method, path, name, access.role, frozenset(rule.arguments)))
    assert len(found) > 20
    return found


def problem(response):
    assert response.content_type == "application/problem+json", response.text
    return response.status_code, response.json["type"].removeprefix("/problems/")


def bytes_but_for_instance(response):
    return re.sub(rb"/requests/\w+", b"", response.data)


@pytest.fixture
def other(make_project, make_survey, answer, call, db):
    """A second project, and the ids of everything in it."""
    given = make_project(name="Other")
    survey_id = make_survey(given.id)
    answer("u-other", 9, given=given, account={"id": "other-inc"})
    token = given.owner_token
    join(db, given.id)
    release = {"name": "5.0", "at": "2026-01-01T00:00:00Z"}
    invited = call("POST", "/invitations", token, json=BODIES["create_invitation"])
    ids = {
        "project_id": given.id,
        "key_id": call("GET", "/keys", token).json["items"][0]["id"],
        "token_id": call("GET", "/tokens", token).json["items"][0]["id"],
        "secret_id": call("POST", "/identity-secrets", token).json["id"],
        "survey_id": survey_id,
        "response_id": call("GET", "/responses", token).json["items"][0]["id"],
        "decision_id": call("GET", f"/surveys/{survey_id}/decisions", token).json["items"][0]["id"],
        "user_id": "u-other",
        "account_id": "other-inc",
        "release_id": call("POST", "/releases", token, json=release).json["id"],
        "segment_id": call("POST", "/segments", token, json=BODIES["add_segment"]).json["id"],
        "member_id": call("GET", "/members", token).json["items"][0]["id"],
        "invitation_id": invited.json["id"],
        "name": "no-such-theme",
    }
    return given, ids


def test_without_a_token_nothing_opens(app, client, call):
    for operation in operations_of(app):
        for header in ({}, {"Authorization": "Bearer at_" + "0" * 43}, {"Authorization": "x"}):
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: UNKNOWN[found[1]], operation.path)
            refused = client.open("/api/v1" + path, method=operation.method, headers=header)
            assert problem(refused) == (401, "token-invalid"), operation
            assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_keys_of_pages_and_servers_open_nothing(app, call, project):
    for operation in operations_of(app):
        for key in (project.publishable_key, project.secret_key):
            assert problem(operation.send(call, key, UNKNOWN)) == (403, "key-not-allowed")


def test_a_lower_role_is_refused(app, call, project):
    tokens = {
        "viewer": project.viewer_token,
        "analyst": project.analyst_token,
        "admin": project.admin_token,
    }
    for operation in operations_of(app):
        for role in ROLES[: ROLES.index(operation.role)]:
            refused = operation.send(call, tokens[role], UNKNOWN)
            assert problem(refused) == (403, "role-forbidden"), (operation, role)


def test_a_missing_scope_is_refused(app, call, db, project):
    token = db.transact(
        lambda session: projects.create_token(
            session, project_id=project.id, name="narrow", role="owner", scopes=("none",)
        )
    )[1]
    for operation in operations_of(app):
        assert problem(operation.send(call, token, UNKNOWN)) == (403, "scope-missing"), operation


def test_a_foreign_id_answers_exactly_as_an_unknown_one(app, call, project, other):
    given, foreign = other
    before = {path: call("GET", path, given.owner_token).text for path in ("/surveys", "/keys")}
    checked = 0
    for operation in operations_of(app):
        if operation.arguments:
            checked += 1
            theirs = operation.send(call, project.owner_token, foreign)
            nobodys = operation.send(call, project.owner_token, UNKNOWN)
            assert problem(theirs) == problem(nobodys) == (404, "not-found"), operation
            assert bytes_but_for_instance(theirs) == bytes_but_for_instance(nobodys)

    assert checked > 10
    assert before == {path: call("GET", path, given.owner_token).text for path in before}


def test_a_foreign_project_answers_exactly_as_an_unknown_one(app, call, project, other):
    for operation in operations_of(app):
        if operation.name.endswith(("_project", "_projects")):
            continue
        foreign = other[1]
        theirs = operation.send(call, project.owner_token, foreign, f"?project_id={other[0].id}")
        nobodys = operation.send(call, project.owner_token, foreign, "?project_id=prj_none")
        assert problem(theirs) == problem(nobodys) == (404, "not-found"), operation
        assert bytes_but_for_instance(theirs) == bytes_but_for_instance(nobodys)


def test_another_projects_things_are_in_no_list(call, project, other):
    _, foreign = other
    lists = "projects keys tokens surveys responses audit members invitations"
    for path in (f"/{name}" for name in lists.split()):
        listed = call("GET", path).text
        assert not [one for one in foreign.values() if one in listed], path
    for path in ("/responses.csv", "/responses.jsonl"):
        assert "u-other" not in call("GET", path).text


def test_unknown_and_repeated_parameters_are_refused_everywhere(app, call, project):
    for operation in operations_of(app):
        refused = operation.send(call, project.owner_token, UNKNOWN, "?no_such=1")
        assert problem(refused) == (422, "invalid-request"), operation
        assert refused.json["errors"][0]["pointer"] == "#/query/no_such"


def test_methods_are_told_to_anybody_and_wrong_ones_refused(app, client):
    for operation in operations_of(app):
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: UNKNOWN[found[1]], operation.path)
        told = client.options("/api/v1" + path)
        assert (told.status_code, operation.method in told.headers["Allow"]) == (200, True)
        refused = client.put("/api/v1" + path)
        assert problem(refused) == (405, "method-not-allowed")
        assert operation.method in refused.headers["Allow"]


def test_the_admin_plane_is_for_one_origin_only(client, call):
    listed = call("GET", "/surveys", headers={"Origin": ORIGIN})

    assert not [name for name, _ in listed.headers if name.startswith("Access-Control")]
    assert listed.headers["Cache-Control"] == "no-store"
    assert listed.headers["X-Content-Type-Options"] == "nosniff"
