import pytest

from backend.services import projects
from backend.services.clock import utc_now
from tests.api.admin.conftest import pointers


def test_the_installation_adds_projects_and_sees_all_of_them(call, root_token, project):
    new = {"name": "New", "timezone": "Europe/Berlin", "allowed_origins": ["https://New.example"]}

    made = call("POST", "/projects", root_token, json=new)

    assert made.status_code == 201
    assert made.headers["ETag"] == '"1"'
    assert made.json["allowed_origins"] == ["https://new.example"]
    assert made.json["publishable_key"].startswith("pk_")
    assert made.json["secret_key"].startswith("sk_")
    ids = [one["id"] for one in call("GET", "/projects", root_token).json["items"]]
    assert ids == sorted([project.id, made.json["id"]])


def test_pages_of_projects_join(call, root_token, project, make_project):
    ids = sorted([project.id, *(make_project().id for _ in range(2))])
    first = call("GET", "/projects?limit=2", root_token).json
    second = call("GET", f"/projects?limit=2&cursor={first['next_cursor']}", root_token).json

    assert [one["id"] for page in (first, second) for one in page["items"]] == ids
    assert second["next_cursor"] is None


def test_a_projects_token_sees_its_own_and_adds_none(call, project, make_project):
    other = make_project()

    assert [one["id"] for one in call("GET", "/projects").json["items"]] == [project.id]
    assert call("GET", f"/projects/{other.id}").status_code == 404
    refused = call("POST", "/projects", json={"name": "X"})
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/role-forbidden")


def test_a_change_needs_the_tag_that_was_read(call, project):
    path, body = f"/projects/{project.id}", {"name": "Renamed"}
    tag = call("GET", path).headers["ETag"]

    without = call("PATCH", path, json=body)
    stale = call("PATCH", path, json=body, if_match='"0"')
    changed = call("PATCH", path, json=body, if_match=tag)
    again = call("PATCH", path, json=body, if_match=tag)

    assert (without.status_code, without.json["type"]) == (428, "/problems/precondition-required")
    assert (stale.status_code, stale.json["type"]) == (412, "/problems/precondition-failed")
    assert (changed.status_code, changed.json["name"]) == (200, "Renamed")
    assert changed.headers["ETag"] == f'"{changed.json["revision"]}"' == '"2"'
    assert again.status_code == 412
    assert call("PATCH", path, json=body, if_match="*").status_code == 200
    assert call("PATCH", path, json=body, if_match='W/"3"').status_code == 412


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"id": "x"}, "#/id"),
        ({"project_id": "x"}, "#/project_id"),
        ({"created_at": "2026-01-01"}, "#/created_at"),
        ({"__proto__": {}}, "#/__proto__"),
        ({"role": "owner"}, "#/role"),
        ({"a/b~c": 1}, "#/a~1b~0c"),
        ({"name": ""}, "#/name"),
        ({"name": "x" * 201}, "#/name"),
        ({"name": "a\u0000b"}, "#/name"),
        ({"name": 7}, "#/name"),
        ({"is_enabled": 1}, "#/is_enabled"),
        ({"is_enabled": "true"}, "#/is_enabled"),
        ({"timezone": "../../etc/passwd"}, "#/timezone"),
        ({"timezone": "Mars/Base"}, "#/timezone"),
        ({"identity_mode": "sometimes"}, "#/identity_mode"),
        ({"allowed_origins": ["https://a.example", "*"]}, "#/allowed_origins/1"),
        ({"allowed_origins": ["https://a.example/path"]}, "#/allowed_origins/0"),
        ({"allowed_origins": "https://a.example"}, "#/allowed_origins"),
        ({"page_rules": [{"pattern": "/a/*"}]}, "#/page_rules/0/template"),
    ],
)
def test_a_bad_change_is_pointed_at_and_changes_nothing(call, project, body, pointer):
    before = call("GET", f"/projects/{project.id}").json

    refused = call("PATCH", f"/projects/{project.id}", json=body, if_match="*")

    assert pointers(refused) == [pointer]
    assert call("GET", f"/projects/{project.id}").json == before


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"data": "{", "content_type": "application/json"}, 400),
        ({"data": "", "content_type": "application/json"}, 400),
        ({"data": '{"name": NaN}', "content_type": "application/json"}, 400),
        ({"data": "[" * 100_000, "content_type": "application/json"}, 400),
        ({"data": "[]", "content_type": "application/json"}, 422),
        ({"data": "{}", "content_type": "text/plain"}, 415),
        ({"data": {"name": "x"}}, 415),
        ({"data": '"' + " " * 262_144 + '"', "content_type": "application/json"}, 413),
    ],
)
def test_a_body_is_strict_json_within_limits(call, project, sent, status):
    answered = call("PATCH", f"/projects/{project.id}", if_match="*", **sent)

    assert answered.status_code == status
    assert answered.content_type == "application/problem+json"


def test_a_key_is_changed_without_a_pause(call, client, project):
    def served(key):
        return client.get(f"/w/{key}.js").status_code

    new = call("POST", "/keys", json={"kind": "publishable"}).json
    assert (served(project.publishable_key), served(new["key"])) == (200, 200)

    keys = call("GET", "/keys").json["items"]
    old = next(key["id"] for key in keys if key["key"] == project.publishable_key)
    assert call("DELETE", f"/keys/{old}").status_code == 204
    assert call("DELETE", f"/keys/{old}").status_code == 204

    assert served(project.publishable_key) != 200
    assert served(new["key"]) == 200


def test_two_keys_of_a_kind_live_at_most(call):
    first = call("POST", "/keys", json={"kind": "secret"})
    second = call("POST", "/keys", json={"kind": "secret"})

    assert first.status_code == 201
    assert (second.status_code, second.json["type"]) == (409, "/problems/conflict")
    call("DELETE", f"/keys/{first.json['id']}")
    assert call("POST", "/keys", json={"kind": "secret"}).status_code == 201


def test_a_secret_is_shown_once(call):
    made = call("POST", "/keys", json={"kind": "secret"}).json
    token = call("POST", "/tokens", json={"name": "ci"}).json

    assert made["key"].startswith("sk_")
    assert made["key"] not in call("GET", "/keys").text
    assert token["token"] not in call("GET", "/tokens").text
    assert made["key"] not in call("GET", "/audit").text


def test_a_token_can_do_no_more_than_its_maker(call, project):
    def make(role, maker):
        return call("POST", "/tokens", maker, json={"name": "t", "role": role}).status_code

    assert make("owner", project.admin_token) == 403
    assert make("admin", project.admin_token) == 201
    assert make("owner", project.owner_token) == 201

    narrow = {"name": "n", "role": "admin", "scopes": ["keys:write"]}
    maker = call("POST", "/tokens", json=narrow).json["token"]
    wide = call("POST", "/tokens", maker, json={"name": "w", "role": "viewer"})
    assert (wide.status_code, wide.json["type"]) == (403, "/problems/scope-missing")
    refused = call("GET", "/surveys", maker)
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/scope-missing")


def test_a_revoked_token_opens_nothing(call, project):
    token = call("POST", "/tokens", json={"name": "t", "role": "viewer"}).json

    assert call("GET", "/surveys", token["token"]).status_code == 200
    assert call("DELETE", f"/tokens/{token['id']}").status_code == 204
    refused = call("GET", "/surveys", token["token"])
    assert (refused.status_code, refused.json["type"]) == (401, "/problems/token-invalid")


def test_an_expired_token_opens_nothing(call, db, project):
    def expire(session):
        row, token = projects.create_token(session, project_id=project.id, name="old")
        row.expires_at = utc_now()
        return token

    refused = call("GET", "/surveys", db.transact(expire))
    assert (refused.status_code, refused.json["type"]) == (401, "/problems/token-invalid")


def test_an_admin_cannot_revoke_an_owners_token(call, project):
    tokens = call("GET", "/tokens").json["items"]
    owner = next(one["id"] for one in tokens if one["role"] == "owner")

    assert call("DELETE", f"/tokens/{owner}", project.admin_token).status_code == 403


@pytest.mark.parametrize("days", [0, 366, 1.5, "90", True])
def test_a_token_lives_a_year_at_most(call, days):
    assert pointers(call("POST", "/tokens", json={"name": "t", "days": days})) == ["#/days"]


def test_a_token_of_the_installation_names_the_project(call, root_token, project):
    assert pointers(call("GET", "/surveys", root_token)) == ["#/query/project_id"]
    assert call("GET", f"/surveys?project_id={project.id}", root_token).status_code == 200
    assert call("GET", "/surveys?project_id=prj_none", root_token).status_code == 404


def test_changes_are_in_the_audit_log_with_old_and_new(call, project):
    call("PATCH", f"/projects/{project.id}", json={"is_enabled": False}, if_match="*")

    entry = call("GET", "/audit?limit=1").json["items"][0]

    assert entry["action"] == "project.change"
    assert entry["changes"] == {"is_enabled": [True, False]}
    assert entry["actor"].startswith("tok_")
    assert call("GET", f"/audit?subject={project.id}").json["items"] == [entry]
