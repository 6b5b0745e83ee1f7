import pytest

from tests.api.admin.conftest import pointers


@pytest.fixture
def survey(call):
    """A draft of the standard survey."""
    return call("POST", "/surveys", json={"name": "NPS"}).json


def test_a_draft_is_the_standard_survey_until_it_is_changed(call, survey):
    assert survey["status"] == "draft"
    assert survey["content"]["questions"][0]["kind"] == "nps"
    assert survey["has_unpublished_changes"] is True
    assert survey["published_version"] is None
    read = call("GET", f"/surveys/{survey['id']}")
    assert (read.json, read.headers["ETag"]) == (survey, '"1"')


def test_members_of_a_group_are_changed_one_by_one(call, survey):
    body = {"rests": {"rest_days": 30}, "targeting": {"pages": ["/reports/*"]}, "priority": 5}

    changed = call("PATCH", f"/surveys/{survey['id']}", json=body, if_match='"1"').json

    assert changed["rests"] == survey["rests"] | {"rest_days": 30}
    assert changed["targeting"] == survey["targeting"] | {"pages": ["/reports/*"]}
    assert (changed["priority"], changed["revision"]) == (5, 2)


def test_sampling_of_a_running_survey_acts_on_the_next_page(call, client, survey, project):
    call("POST", f"/surveys/{survey['id']}/publish")
    segment = {"when": {"op": "eq", "trait": "plan", "value": "pro"}, "rate": 1}
    body = {"rate": 0.25, "segments": [segment]}

    changed = call("PATCH", f"/surveys/{survey['id']}/sampling", json=body, if_match="*")

    assert changed.json["sampling"]["rate"] == 0.25
    assert changed.json["sampling"]["salt"] == survey["sampling"]["salt"]
    assert changed.json["published_version"] == 1
    assert '"rate":0.25' in client.get(f"/w/{project.publishable_key}.js").text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"rate": 1.2}, "#/rate"),
        ({"rate": -0.1}, "#/rate"),
        ({"rate": "NaN"}, "#/rate"),
        ({"rate": True}, "#/rate"),
        ({"salt": "x"}, "#/salt"),
        ({"spread_days": 1.5}, "#/spread_days"),
        ({"segments": [{"rate": 1}]}, "#/segments/0/when"),
        ({"segments": [{"when": {"op": "like"}, "rate": 1}]}, "#/segments/0/when/op"),
    ],
)
def test_a_bad_sampling_is_pointed_at(call, survey, body, pointer):
    path = f"/surveys/{survey['id']}/sampling"

    assert pointers(call("PATCH", path, json=body, if_match="*")) == [pointer]
    assert call("GET", f"/surveys/{survey['id']}").json == survey


def test_nan_is_no_json(call, survey):
    sent = {"data": '{"rate": NaN}', "content_type": "application/json", "if_match": "*"}

    refused = call("PATCH", f"/surveys/{survey['id']}/sampling", **sent)

    assert (refused.status_code, refused.json["type"]) == (400, "/problems/malformed-json")


def deep(levels):
    rule = {"op": "eq", "trait": "role", "value": "admin"}
    for _ in range(levels):
        rule = {"op": "not", "rule": rule}
    return rule


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"id": "x"}, "#/id"),
        ({"status": "published"}, "#/status"),
        ({"project_id": "x"}, "#/project_id"),
        ({"created_at": "2026-01-01"}, "#/created_at"),
        ({"__proto__": {}}, "#/__proto__"),
        ({"revision": 9}, "#/revision"),
        ({"priority": "high"}, "#/priority"),
        ({"starts_at": "2026-11-01", "ends_at": "2026-10-01"}, "#/ends_at"),
        ({"starts_at": "2026-11-01T00:00:00"}, "#/starts_at"),
        ({"rests": {"rest_days": -1}}, "#/rests/rest_days"),
        ({"rests": {"rest": 1}}, "#/rests/rest"),
        ({"limits": {"account_cap": {"count": 0, "days": 1}}}, "#/limits/account_cap/count"),
        ({"limits": {"daily_budget": 0}}, "#/limits/daily_budget"),
        ({"targeting": {"devices": ["watch"]}}, "#/targeting/devices/0"),
        ({"targeting": {"triggers": [{"type": "event"}]}}, "#/targeting/triggers/0/name"),
        ({"targeting": {"audience": {"op": "like"}}}, "#/targeting/audience/op"),
        ({"targeting": {"audience": deep(200)}}, "#/targeting/audience" + "/rule" * 6),
        ({"content": []}, "#/content"),
        ({"content": {"pages": 1}}, "#/content/pages"),
    ],
)
def test_a_bad_change_is_pointed_at_and_changes_nothing(call, survey, body, pointer):
    refused = call("PATCH", f"/surveys/{survey['id']}", json=body, if_match="*")

    assert pointers(refused)[0] == pointer
    assert call("GET", f"/surveys/{survey['id']}").json == survey


def test_a_rule_names_only_traits_that_somebody_has(call, survey, make_survey, answer):
    rule = {"op": "eq", "trait": "rôle", "value": "admin"}
    body = {"targeting": {"audience": {"op": "and", "rules": [rule]}}}
    path = f"/surveys/{survey['id']}"
    # Nobody is known yet: an admin may write the survey before the first page is up.
    assert call("PATCH", path, json=body, if_match="*").status_code == 200

    make_survey()
    answer("u1", 9, traits={"role": "admin"})

    refused = call("PATCH", path, json=body, if_match="*")
    assert pointers(refused) == ["#/targeting/audience/rules/0/trait"]


def test_wording_makes_a_new_version_and_knobs_do_not(call, survey):
    path = f"/surveys/{survey['id']}"
    assert call("POST", f"{path}/publish").json["published_version"] == 1
    call("PATCH", f"{path}/sampling", json={"rate": 0.5}, if_match="*")
    assert call("POST", f"{path}/publish").json["published_version"] == 1

    content = survey["content"] | {"later": False}
    changed = call("PATCH", path, json={"content": content}, if_match="*").json
    assert (changed["published_version"], changed["has_unpublished_changes"]) == (1, True)
    published = call("POST", f"{path}/publish").json
    assert (published["published_version"], published["has_unpublished_changes"]) == (2, False)

    versions = call("GET", f"{path}/versions").json["items"]
    assert [version["number"] for version in versions] == [2, 1]
    assert [version["content"]["later"] for version in versions] == [False, True]
    assert versions[0]["superseded_at"] is None
    assert versions[1]["superseded_at"] == versions[0]["published_at"]


def test_publishing_warns_of_what_asks_nobody(call, survey, project):
    path = f"/surveys/{survey['id']}"
    call("PATCH", f"{path}/sampling", json={"rate": 0}, if_match="*")
    call("PATCH", path, json={"ends_at": "2020-01-01"}, if_match="*")

    warnings = call("POST", f"{path}/publish").json["warnings"]

    assert any("rate is 0" in text for text in warnings)
    assert any("end lies in the past" in text for text in warnings)


def test_a_survey_is_paused_goes_on_and_ends_for_good(call, survey):
    path = f"/surveys/{survey['id']}"
    assert call("POST", f"{path}/pause").status_code == 409
    call("POST", f"{path}/publish")
    assert call("POST", f"{path}/pause").json["status"] == "paused"
    assert call("POST", f"{path}/publish").json["status"] == "published"
    assert call("DELETE", path).status_code == 204
    assert call("GET", path).json["status"] == "archived"
    assert call("POST", f"{path}/archive").json["status"] == "archived"

    for refused in (
        call("POST", f"{path}/publish"),
        call("PATCH", path, json={"name": "x"}, if_match="*"),
    ):
        assert (refused.status_code, refused.json["type"]) == (409, "/problems/conflict")


def test_publishing_heeds_a_tag(call, survey):
    path = f"/surveys/{survey['id']}/publish"

    assert call("POST", path, if_match='"9"').status_code == 412
    assert call("POST", path, if_match='"1"').status_code == 200


def test_surveys_are_listed_by_status_in_pages(call, survey):
    others = [call("POST", "/surveys", json={"name": f"{i}"}).json["id"] for i in range(2)]
    call("POST", f"/surveys/{others[0]}/publish")

    first = call("GET", "/surveys?limit=2").json
    second = call("GET", f"/surveys?limit=2&cursor={first['next_cursor']}").json
    listed = [one["id"] for page in (first, second) for one in page["items"]]
    assert listed == sorted([survey["id"], *others])
    published = call("GET", "/surveys?status=published").json["items"]
    assert [one["id"] for one in published] == [others[0]]
    assert pointers(call("GET", "/surveys?status=gone")) == ["#/query/status"]


def test_control_characters_are_dropped_from_texts(call, survey):
    content = survey["content"]
    content["texts"]["en"]["thanks"]["text"] = "Thank\u0000 \u001byou\nall"

    changed = call("PATCH", f"/surveys/{survey['id']}", json={"content": content}, if_match="*")

    assert changed.json["content"]["texts"]["en"]["thanks"]["text"] == "Thank you\nall"


def test_each_turn_of_a_knob_is_in_the_audit_log(call, survey):
    call("PATCH", f"/surveys/{survey['id']}/sampling", json={"rate": 0.5}, if_match="*")

    entry = call("GET", f"/audit?subject={survey['id']}").json["items"][0]

    assert (entry["action"], entry["changes"]) == ("survey.change", {"sampling.rate": [1.0, 0.5]})
