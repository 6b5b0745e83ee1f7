"""Every insight on every odd project: an answer or a problem, never a 500, never a NaN."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from backend.services import profiles
from tests.api.admin.insights_world import World, write

INSIGHTS = (
    "score",
    "breakdown?by=role",
    "breakdown?by=usage_group",
    "breakdown?by=seats",
    "breakdown?by=display_number",
    "breakdown?by=answer_delay",
    "recency",
    "features",
    "features?kind=pages",
    "trend?unit=day",
    "trend?unit=quarter",
    "drift",
    "repeats",
    "active-use",
    "active-use/people?group=top_decile_passives",
    "active-use/people?group=5:passive",
    "accounts",
    "accounts?attention=true",
    "answered",
    "comments",
    "planning",
)
# Pages of one person and of one account, and those of the test's worlds.
OF_ONE = {
    "users/<path:user_id>": "users/user_1",
    "accounts/<path:account_id>": "accounts/acc_0",
}
# What they tell does not come from answers.
WITHOUT_ANSWERS = {"methods", "methods/<name>", "settings"}
BASE = "/api/v1/insights/"
ANALYSTS = ("accounts", "active-use/p", "recency", "landing")
WORLDS = {
    "empty": None,
    "one answer": World(people=1, answers_each=1, unanswered=0),
    "all promoters": World(people=40, scores=(9, 10)),
    "one account": World(people=60, accounts=1),
    "no accounts": World(people=60, accounts=0),
    "much": World(people=220),
}
SEGMENTS = (
    "",
    "role=admin",
    "role=unknown",
    "feature=feature_1&plan=pro",
    "from=0001-01-01&to=9999-12-31",
    "from=2026-03-08&to=2026-03-09",
    "from=2026-11-01T00:30:00-02:30&to=2026-11-01T02:30:00-03:30",
    "confidence=0.9&category=detractor",
)


def has_nan(value):
    if isinstance(value, dict):
        return any(map(has_nan, value.values()))
    if isinstance(value, list):
        return any(map(has_nan, value))
    return isinstance(value, float) and not math.isfinite(value)


def test_every_insight_there_is_is_tried(app):
    rules = {
        str(rule).removeprefix(BASE)
        for rule in app.url_map.iter_rules()
        if str(rule).startswith(BASE) and "GET" in (rule.methods or ())
    }

    tried = {path.partition("?")[0] for path in INSIGHTS} | {"landing"} | set(OF_ONE)
    assert rules == tried | WITHOUT_ANSWERS


@pytest.mark.parametrize("name", WORLDS)
def test_every_insight_answers_on_every_project(call, make_project, make_survey, client, db, name):
    given = make_project(timezone="America/St_Johns")
    survey_id = make_survey(given.id)
    if WORLDS[name]:
        write(db, given.id, survey_id, WORLDS[name])

    release = {"name": "5.0", "at": (datetime.now(UTC) - timedelta(days=40)).isoformat()}
    made = call("POST", "/releases", json=release, token=given.admin_token)
    for path in (*INSIGHTS, f"landing?release_id={made.json['id']}"):
        for segment in SEGMENTS:
            url = f"/insights/{path}{'&' if '?' in path else '?'}{segment}"
            for token in (given.analyst_token, given.viewer_token):
                response = call("GET", url, token=token)
                status = 200
                if token == given.viewer_token and path.startswith(ANALYSTS):
                    status = 403
                if token == given.analyst_token and path == "repeats" and "from=2026" in segment:
                    status = 422
                if token == given.viewer_token and "answer_delay" in path:
                    status = 422
                assert response.status_code == status, (url, response.text)
                assert not has_nan(response.json)
                if status == 200:
                    assert response.json["sentence"]
                    assert response.json["method"]["summary"]
    for path in OF_ONE.values():
        response = call("GET", f"/insights/{path}", token=given.analyst_token)
        world = WORLDS[name]
        is_there = world and (world.people > 1 if "users" in path else world.accounts)
        assert response.status_code == (200 if is_there else 404), (path, response.text)
        assert not has_nan(response.json)


@pytest.mark.parametrize(
    "window",
    [
        "from=2026-05-02&to=2026-05-01",
        "from=2026-05-01&to=2026-05-01",
        "from=10000-01-01",
        "confidence=0.99",
        "score_min=9&score_max=3",
        "category=happy",
        "trait=seats",
        "surprise=1",
    ],
)
def test_a_question_that_makes_no_sense_is_a_problem_with_its_place(call, project, window):
    release = call("POST", "/releases", json={"name": "5.0", "at": "2026-04-01T00:00:00Z"})
    # The window of "did it land?" is the release's own.
    landing = () if "to=" in window else (f"landing?release_id={release.json['id']}",)
    for path in (*INSIGHTS, *landing):
        response = call("GET", f"/insights/{path}{'&' if '?' in path else '?'}{window}")

        assert response.status_code == 422, path
        assert response.json["errors"][0]["pointer"].startswith("#/query/"), path


def test_what_was_lately_before_an_answer_is_told_beside_it(call, project, make_survey, db):
    write(db, project.id, make_survey(), World(people=220, answers_each=1, days=60))
    at = datetime.now(UTC) - timedelta(days=20)
    for name in ("5.0", "Outage"):
        call("POST", "/releases", json={"name": name, "at": at.isoformat()})

    table = call("GET", "/insights/recency").json
    rows = {row["name"]: row for row in table["rows"]}

    assert set(rows) == {"5.0", "Outage", "any release", "first seen"}
    assert table["n"] == 220
    assert rows["5.0"]["n_users"] == rows["Outage"]["n_users"] == rows["any release"]["n_users"]
    assert 5 < rows["5.0"]["n_users"] < 60
    assert rows["first seen"]["n_users"] is None


def test_a_release_is_marked_and_asked_about(call, project, make_survey, db):
    write(db, project.id, make_survey(), World(people=120))
    made = call("POST", "/releases", json={"name": "5.0", "at": "2026-01-01T00:00:00Z"})
    assert made.status_code == 201

    trend = call("GET", "/insights/trend?unit=month&from=2025-12-01").json
    landing = call("GET", f"/insights/landing?release_id={made.json['id']}").json
    assert [release["bucket"] for release in trend["releases"]] == ["2026-01-01"]
    assert landing["release"]["name"] == "5.0"
    assert landing["landing"]["after"]["n"] == 120
    assert "since the release" in landing["sentence"]

    assert [item["id"] for item in call("GET", "/releases").json["items"]] == [made.json["id"]]
    assert call("DELETE", f"/releases/{made.json['id']}").status_code == 204
    assert call("GET", f"/insights/landing?release_id={made.json['id']}").status_code == 404


def test_themes_are_the_projects_own(call, project, make_survey, db):
    write(db, project.id, make_survey(), World(people=60, answers_each=1, days=30))
    read = call("GET", "/insights/settings")
    themes = [{"name": "Exports", "patterns": ["export*"]}]

    changed = call(
        "PATCH", "/insights/settings", if_match=read.headers["ETag"], json={"themes": themes}
    )

    assert changed.json["themes"] == themes
    table = call("GET", "/insights/comments").json
    assert [row["theme"] for row in table["rows"]] == ["Exports"]
    assert all("export" in quote["comment"] for quote in table["rows"][0]["quotes"])
    assert call("PATCH", "/insights/settings", json={"themes": []}).status_code == 428


def test_people_of_a_cell_come_in_pages_with_a_rule_that_targets_them(
    call, project, make_survey, db
):
    write(db, project.id, make_survey(), World(people=200, scores=(7, 8), answers_each=1, days=60))
    seen, cursor = [], ""
    while True:
        url = f"/insights/active-use/people?group=top_decile_passives&limit=3{cursor}"
        page = call("GET", url).json
        seen += [row["user_id"] for row in page["rows"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert len(seen) == len(set(seen)) == page["n"] > 3
    assert page["audience"]["rules"][0] == {"op": "gte", "usage": "percentile", "value": 90}
    checked = call(
        "POST", "/surveys", json={"name": "Follow", "targeting": {"audience": page["audience"]}}
    )
    assert checked.status_code == 201, checked.json


def test_account_value_and_reasons_stand_beside_the_score(call, project, make_survey, db):
    write(db, project.id, make_survey(), World(people=150, accounts=8))

    table = call("GET", "/insights/accounts?limit=3").json
    assert len(table["rows"]) == 3
    assert table["next_cursor"]
    row = table["rows"][0]
    assert row["account_id"].startswith("acc_")
    assert row["value"] >= 1000
    assert row["lower"] <= row["estimate"] <= row["upper"]
    assert row["users"] >= row["asked"] >= row["n"] >= 1


def test_the_score_speaks_for_users_accounts_and_revenue(call, project, make_survey, db):
    write(db, project.id, make_survey(), World(people=150, accounts=20, days=60))

    estimands = call("GET", "/insights/score").json["estimands"]
    assert set(estimands) == {"users", "accounts", "revenue"}
    assert all(one["level"]["nps"] is not None for one in estimands.values())


def test_methods_are_told_in_a_sentence(call, project):
    names = [row["name"] for row in call("GET", "/insights/methods").json["rows"]]
    assert "nps-interval" in names
    assert call("GET", "/insights/methods/drift").json["name"] == "drift"
    assert call("GET", "/insights/methods/none").status_code == 404


def test_answers_of_another_tool_are_brought_over_once(call, project, make_survey):
    body = {"survey_id": make_survey(), "csv": "id,score,date\n1,9,2026-01-01\n2,12,2026-01-02\n"}

    dry = call("POST", "/imports", json=body).json
    done = call("POST", "/imports", json=body | {"dry_run": False}).json
    again = call("POST", "/imports", json=body | {"dry_run": False}).json

    assert (dry["dry_run"], dry["imported"], dry["faulty"]) == (True, 1, 1)
    assert dry["faults"] == [
        {"line": 3, "column": "score", "detail": "Must be a whole number from 0 to 10."}
    ]
    assert (done["imported"], again["imported"], again["already_there"]) == (1, 0, 1)
    assert call("GET", "/insights/score?from=2025-01-01").json["n"] == 1
    denied = call("POST", "/imports", json=body, token=project.analyst_token)
    assert denied.status_code == 403


def test_an_answers_place_is_among_all_active_users(call, project, make_survey, answer, db, client):
    make_survey()
    batch = [
        {
            "type": "track",
            "event": "open",
            "userId": f"u{i}",
            "messageId": f"{i}-{day}",
            "timestamp": (datetime.now(UTC) - timedelta(days=day)).isoformat(),
        }
        for i in range(10)
        for day in range(1, i + 2)
    ]
    key = {"Authorization": f"Bearer {project.secret_key}"}
    assert client.post("/v1/batch", json={"batch": batch}, headers=key).status_code == 200
    answer("u9", 7)
    answer("u4", 9)
    profiles.compute_pending(db)

    used = {r["user_id"]: r["usage"] for r in call("GET", "/responses").json["items"]}
    assert (used["u9"]["active_days"], used["u9"]["percentile"]) == (10, 100)
    assert (used["u4"]["active_days"], used["u4"]["percentile"]) == (5, 50)
    group = call("GET", "/insights/active-use/people?group=top_decile_passives").json
    assert [row["user_id"] for row in group["rows"]] == ["u9"]
    assert group["rows"][0]["percentile"] == 95


def test_a_users_and_an_accounts_page_show_use_and_answers(
    call, project, make_survey, answer, client
):
    make_survey()
    tracked = [
        {"type": "track", "event": event, "userId": user, "messageId": f"{event}{user}"}
        for event in ("export", "share")
        for user in ("ada", "bob")
    ]
    group = [
        {"type": "group", "userId": u, "groupId": "acme", "messageId": f"g{u}"}
        for u in ("ada", "bob")
    ]
    key = {"Authorization": f"Bearer {project.secret_key}"}
    client.post("/v1/batch", json={"batch": tracked + group}, headers=key)
    answer("ada", 9, "nice")

    user = call("GET", "/insights/users/ada").json
    account = call("GET", "/insights/accounts/acme").json

    assert (user["users"], user["active_days"], user["asked"]) == (1, 1, 1)
    assert user["rows"][0] | {"day": 0} == {
        "day": 0,
        "people": 1,
        "features": 2,
        "pages": 0,
        "events": 2,
        "engaged_s": 0.0,
    }
    assert [used["name"] for used in user["used"]] == ["export", "share"]
    assert [given["score"] for given in user["answers"]] == [9]
    assert [(one["shown"], one["user_id"]) for one in user["decisions"]] == [(True, "ada")]
    assert user["decisions"] == account["decisions"]
    assert (account["users"], account["rows"][0]["people"]) == (2, 2)
    assert account["level"]["n"] == 1
    assert call("GET", "/insights/users/nobody").status_code == 404
    assert call("GET", "/insights/accounts/none").status_code == 404
    assert call("GET", "/insights/users/ada", token=project.viewer_token).status_code == 403
