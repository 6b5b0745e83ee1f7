import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from backend.services import exports, profiles
from tests.api.admin.conftest import pointers


@pytest.fixture
def answers(make_survey, answer):
    """Four answers of four people."""
    survey_id = make_survey()
    answer(
        "u1", 10, "100% great_stuff", page="/reports/42", traits={"role": "admin", "plan": "pro"}
    )
    answer("u2", 3, "slow", page="/reports/43", traits={"role": "admin"}, language="de")
    answer("u3", 7, "=cmd|'/C calc'", traits={"plan": "free", "first_name": "Ada"})
    answer("ada@example.com", 9, "it's", account={"id": "acme"}, traits={"mail": "x"})
    return survey_id


def users_of(response):
    assert response.status_code == 200, response.json
    return [item["user_id"] for item in response.json["items"]]


@pytest.mark.parametrize(
    ("query", "users"),
    [
        ("", ["ada@example.com", "u3", "u2", "u1"]),
        ("sort=answered_at", ["u1", "u2", "u3", "ada@example.com"]),
        ("role=admin", ["u2", "u1"]),
        ("plan=free", ["u3"]),
        ("page=/reports/:id", ["u2", "u1"]),
        ("category=promoter", ["ada@example.com", "u1"]),
        ("category=passive", ["u3"]),
        ("category=detractor", ["u2"]),
        ("score_min=7&score_max=9", ["ada@example.com", "u3"]),
        ("version=1", ["ada@example.com", "u3", "u2", "u1"]),
        ("version=2", []),
        ("state=completed", ["ada@example.com", "u3", "u2", "u1"]),
        ("state=declined,shown", []),
        ("user_id=u1", ["u1"]),
        ("account_id=acme", ["ada@example.com"]),
        ("verified=true", []),
        ("verified=false&role=admin", ["u2", "u1"]),
        ("is_test=true", []),
        ("from=2000-01-01", ["ada@example.com", "u3", "u2", "u1"]),
        ("to=2000-01-01T00:00:00Z", []),
        ("q=GREAT", ["u1"]),
        ("q=0%25", ["u1"]),
        ("q=t_s", ["u1"]),
        ("q=%25", ["u1"]),
        ("q=_", ["u1"]),
        ("q='", ["ada@example.com", "u3"]),
        ("q=%5C", []),
        ("survey_id=srv_unknown", []),
    ],
)
def test_filters_choose_answers(call, answers, query, users):
    assert users_of(call("GET", f"/responses?{query}")) == users


def test_pages_of_a_list_join_without_gap_or_overlap(call, answers):
    seen, query = [], "limit=3"
    while query:
        page = call("GET", f"/responses?{query}")
        seen += users_of(page)
        cursor = page.json["next_cursor"]
        query = cursor and f"limit=3&cursor={cursor}"

    assert seen == ["ada@example.com", "u3", "u2", "u1"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "#/query/limit"),
        ("limit=201", "#/query/limit"),
        ("limit=1e9", "#/query/limit"),
        ("cursor=x", "#/query/cursor"),
        ("cursor=W10", "#/query/cursor"),
        ("cursor=%E2%82%AC", "#/query/cursor"),
        ("sort=1;drop table", "#/query/sort"),
        ("role=a&role=b", "#/query/role"),
        ("unknown=1", "#/query/unknown"),
        ("state=gone", "#/query/state"),
        ("verified=yes", "#/query/verified"),
        ("from=yesterday", "#/query/from"),
        ("from=2026-02-30", "#/query/from"),
        ("from=2026-11-02&to=2026-11-01", "#/query/to"),
        ("score_min=11", "#/query/score_min"),
        ("score_min=8&score_max=7", "#/query/score_max"),
        ("q=%00", "#/query/q"),
        ("category=Promoter", "#/query/category"),
    ],
)
def test_a_bad_parameter_is_pointed_at(call, answers, query, pointer):
    assert pointers(call("GET", f"/responses?{query}")) == [pointer]


def test_an_answer_carries_its_context_and_usage(call, answers, db, client, project):
    sent = {"batch": [{"type": "track", "event": "export_csv", "userId": "u1", "messageId": "m1"}]}
    client.post("/v1/batch", json=sent, headers={"Authorization": f"Bearer {project.secret_key}"})
    profiles.compute_pending(db)

    found = call("GET", "/responses?user_id=u1").json["items"][0]

    assert found | {"id": 0, "invited_at": 0, "answered_at": 0, "updated_at": 0, "usage": 0} == {
        "id": 0,
        "survey_id": answers,
        "survey_version": 1,
        "user_id": "u1",
        "account_id": None,
        "anonymous": False,
        "verified": False,
        "manual": False,
        "is_test": False,
        "state": "completed",
        "score": 10,
        "category": "promoter",
        "comment": "100% great_stuff",
        "answers": {},
        "role": "admin",
        "plan": "pro",
        "page": "/reports/:id",
        "language": "en",
        "app_version": None,
        "device": found["device"],
        "traits": found["traits"],
        "admission_probability": 1.0,
        "invited_at": 0,
        "answered_at": 0,
        "updated_at": 0,
        "usage": 0,
        "status": "new",
        "assignee_id": None,
        "tags": [],
        "note": "",
    }
    assert found["answered_at"].endswith("Z")
    assert set(found["usage"]) == {"active_days", "percentile", "features", "pages"}


# What was said and when; nothing of whom.
ANYBODYS = {
    "id", "survey_id", "survey_version", "anonymous", "verified", "manual", "is_test", "state",
    "score", "category", "comment", "answers", "invited_at", "answered_at", "updated_at", "status",
    "assignee_id",
}  # fmt: skip


def test_viewers_see_nothing_of_who_said_it(call, answers, project):
    seen = call("GET", "/responses", project.viewer_token)
    told = call("GET", "/responses", project.analyst_token)

    assert "first_name" in told.json["items"][1]["traits"]
    alone = call("GET", f"/responses/{seen.json['items'][1]['id']}", project.viewer_token).json
    for view in (*seen.json["items"], alone):
        said = {name for name, value in view.items() if value not in (None, "", [], {})}
        assert said <= ANYBODYS, said - ANYBODYS
    assert alone["score"] is not None


@pytest.mark.parametrize(
    "by",
    ("user_id=u1", "account_id=a", "role=admin", "plan=pro", "page=/x", "language=en",
     "app_version=1", "verified=true", "assignee_id=none", "tag=x"),
)  # fmt: skip
def test_viewers_cut_the_answers_down_to_nobody(call, answers, project, by):
    refused = call("GET", f"/responses?{by}", project.viewer_token)
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/role-forbidden")
    assert call("GET", f"/responses?{by}").status_code == 200
    by_what_was_said = "/responses?category=detractor&has_comment=true&from=2020-01-01T00:00:00Z"
    assert call("GET", by_what_was_said, project.viewer_token).status_code == 200


def test_an_answer_marked_as_test_is_found_by_it(call, answers):
    one = call("GET", "/responses?user_id=u1").json["items"][0]["id"]
    read = call("GET", f"/responses/{one}")
    body = {"is_test": True}

    assert call("PATCH", f"/responses/{one}", json=body).status_code == 428
    assert call("PATCH", f"/responses/{one}", json=body, if_match='"0-0-0-0-0"').status_code == 412
    changed = call("PATCH", f"/responses/{one}", json=body, if_match=read.headers["ETag"])
    assert (changed.status_code, changed.json["is_test"]) == (200, True)
    again = call("PATCH", f"/responses/{one}", json=body, if_match=read.headers["ETag"])
    assert again.status_code == 412
    assert users_of(call("GET", "/responses?is_test=true")) == ["u1"]


def test_what_was_said_cannot_be_changed(call, answers):
    one = call("GET", "/responses?user_id=u1").json["items"][0]["id"]

    refused = call("PATCH", f"/responses/{one}", json={"score": 10, "id": "x"}, if_match="*")
    assert sorted(pointers(refused)) == ["#/id", "#/score"]
    assert pointers(call("PATCH", f"/responses/{one}", json={}, if_match="*")) == ["#"]


def test_the_csv_is_safe_in_a_spreadsheet_and_numbers_stay_numbers(call, answers):
    exported = call("GET", "/responses.csv")

    assert exported.content_type.startswith("text/csv; charset=utf-8")
    assert "\r\n" in exported.text
    rows = list(csv.DictReader(io.StringIO(exported.text, newline="")))
    assert [row["user_id"] for row in rows] == ["u1", "u2", "u3", "ada@example.com"]
    assert rows[2]["comment"] == "'=cmd|'/C calc'"
    assert [row["score"] for row in rows] == ["10", "3", "7", "9"]
    assert json.loads(rows[2]["traits"])["first_name"] == "Ada"


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠"]
)
def test_a_cell_that_could_be_a_formula_gets_an_apostrophe(start):
    assert exports.safe_cell(start + "1+1") == "'" + start + "1+1"
    assert exports.safe_cell("1" + start) == "1" + start


def test_json_lines_hold_what_the_list_holds(call, answers):
    exported = call("GET", "/responses.jsonl?role=admin")
    listed = call("GET", "/responses?role=admin&sort=answered_at").json["items"]

    assert [json.loads(line) for line in exported.text.splitlines()] == listed


def test_an_export_is_read_in_pieces_that_join(call, answers, monkeypatch):
    monkeypatch.setattr(exports, "PIECE", 2)

    assert len(call("GET", "/responses.jsonl").text.splitlines()) == 4


def test_an_export_is_in_the_audit_log(call, answers):
    call("GET", "/responses.csv")

    entry = call("GET", "/audit").json["items"][0]
    assert (entry["action"], entry["subject"]) == ("responses.export", "csv")


def test_category_counts_answers_on_the_nps_scale_only(call, make_survey, answer):
    content = {
        "default_language": "en",
        "questions": [{"id": "score", "kind": "ces"}],
        "texts": {"en": {"questions": {"score": {"text": "Easy?"}}}},
    }
    make_survey(content=content)
    answer("u1", 7)

    assert users_of(call("GET", "/responses?category=passive")) == []
    assert call("GET", "/responses").json["items"][0]["category"] == "easy"


def test_a_user_is_shown_with_traits_clocks_and_answers(call, answers, client, project):
    traits = {"type": "identify", "userId": "u1", "messageId": "m1", "traits": {"email": "a@b.c"}}
    key = {"Authorization": f"Bearer {project.secret_key}"}
    client.post("/v1/batch", json={"batch": [traits]}, headers=key)

    found = call("GET", "/users/u1").json

    assert found["traits"] == {"email": "a@b.c"}
    assert [clocks["last_score"] for clocks in found["surveys"]] == [10]
    assert [response["score"] for response in found["responses"]] == [10]
    assert datetime.fromisoformat(found["last_seen_at"]) > datetime.now(UTC) - timedelta(hours=1)
    assert call("GET", "/users/u1?anonymous=true").status_code == 404
    assert call("GET", "/users/u1", project.viewer_token).status_code == 403


def test_a_user_id_may_hold_a_slash(call, make_survey, answer):
    make_survey()
    answer("team/7", 8)

    assert call("GET", "/users/team%2F7").json["user_id"] == "team/7"
