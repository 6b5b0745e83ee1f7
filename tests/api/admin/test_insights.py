import csv
import io
import math

import pytest
from sqlalchemy import select, update

from backend.services import profiles
from backend.storage.models import Response
from tests.api.admin.conftest import pointers


@pytest.fixture
def many(make_survey, answer):
    """Twelve answers: six admins on pro give 10, six members on free give 3."""
    make_survey()
    for i in range(6):
        answer(f"a{i}", 10, page="/reports/42", traits={"role": "admin", "plan": "pro", "seats": 5})
        answer(f"m{i}", 3, page="/home", traits={"role": "member", "plan": "free"})


def get(call, path, **given):
    response = call("GET", f"/insights/{path}", **given)
    assert response.status_code == 200, response.json
    assert not has_nan(response.json)
    return response.json


def has_nan(value):
    if isinstance(value, dict):
        return any(map(has_nan, value.values()))
    if isinstance(value, list):
        return any(map(has_nan, value))
    return isinstance(value, float) and not math.isfinite(value)


def test_beside_every_score_stands_how_much_of_it_nobody_signed(call, db, many, project):
    a_quarter = select(Response.id).order_by(Response.id).limit(3)
    db.transact(
        lambda session: session.execute(
            update(Response).where(Response.id.in_(a_quarter)).values(is_verified=True)
        )
    )
    tables = ("score", "trend", "features", "active-use", "accounts", "breakdown?by=role")
    for path in tables:
        assert get(call, path)["unverified"] == {"share": 0.75, "left_out": 0}, path

    path = f"/projects/{project.id}"
    switched = call("PATCH", path, json={"excludes_unverified": True}, headers={"If-Match": "*"})

    assert switched.status_code == 200
    for path in tables:
        table = get(call, path)
        assert table["unverified"] == {"share": 0.0, "left_out": 9}, path
    assert get(call, "score")["n"] == 3


def test_the_score_comes_with_its_interval_and_a_sentence(call, many):
    score = get(call, "score")

    assert (score["n"], score["level"]["nps"], score["note"]) == (12, 0.0, "few answers")
    assert score["level"]["lower"] < 0 < score["level"]["upper"]
    assert score["distribution"] == [0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 6]
    assert score["sentence"].startswith("NPS 0, likely between")
    assert score["method"]["definition"] == "/api/v1/insights/methods/nps-interval"


@pytest.mark.parametrize(
    ("by", "values"),
    [
        ("role", {"admin": 100.0, "member": -100.0}),
        ("plan", {"pro": 100.0, "free": -100.0}),
        ("page", {"/reports/:id": 100.0, "/home": -100.0}),
        ("language", {"en": 0.0}),
        ("seats", {"5": 100.0, None: -100.0}),
        ("survey_version", {"NPS v1": 0.0}),
        ("version", {None: 0.0}),
        ("nobody_has_this", {None: 0.0}),
    ],
)
def test_a_breakdown_tells_each_value_with_its_interval(call, many, by, values):
    rows = get(call, f"breakdown?by={by}")["rows"]

    assert {row["value"]: row["nps"] for row in rows} == values
    assert all(row["lower"] <= row["nps"] <= row["upper"] for row in rows)


@pytest.mark.parametrize(
    ("segment", "n"),
    [
        ("role=admin", 6),
        ("plan=free", 6),
        ("page=/home", 6),
        ("language=en", 12),
        ("category=promoter", 6),
        ("score_min=0&score_max=3", 6),
        ("trait=seats:5", 6),
        ("verified=true", 0),
        ("role=nobody", 0),
        ("feature=unknown", 0),
        ("account_id=unknown", 0),
        ("survey_id=srv_unknown", 0),
        ("role=admin&plan=free", 0),
        ("from=2000-01-01&to=2000-01-02", 0),
        ("from=0001-01-01&to=9999-12-31", 12),
    ],
)
def test_a_segment_narrows_the_answers(call, many, segment, n):
    assert get(call, f"score?{segment}")["n"] == n


def test_a_fresh_answer_is_in_the_next_look(call, many, answer, monkeypatch):
    monkeypatch.setattr("backend.services.insights.windows.CHECK_S", 0.0)
    before = get(call, "score")["n"]
    answer("late", 9)

    assert (before, get(call, "score")["n"]) == (12, 13)


@pytest.mark.parametrize("insight", ["features", "features?kind=pages", "active-use"])
def test_answers_that_wait_for_their_usage_are_counted(
    call, many, answer, db, monkeypatch, insight
):
    monkeypatch.setattr("backend.services.insights.windows.CHECK_S", 0.0)
    counts = [get(call, insight)["without_usage"]]
    profiles.compute_pending(db)
    counts.append(get(call, insight)["without_usage"])
    answer("late", 9)
    counts.append(get(call, insight)["without_usage"])

    assert counts == [12, 0, 1]


def test_a_viewer_sees_no_cell_under_five_people(call, many, answer, project):
    answer("alone", 0, traits={"role": "buyer"})
    rows = get(call, "breakdown?by=role", token=project.viewer_token)["rows"]

    assert sorted(row["n"] for row in rows) == [6, 7]
    assert {row["value"] for row in rows} <= {"admin", "member", "(hidden)"}
    cut = get(call, "score?role=buyer", token=project.viewer_token)
    assert (cut["n"], cut["segment"]) == (13, {})
    assert cut["coarser"]


def test_a_table_is_csv_for_those_who_ask_for_it(call, many):
    response = call("GET", "/insights/breakdown?by=role", headers={"Accept": "text/csv"})

    assert response.content_type == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [(row["value"], row["n"]) for row in rows] == [("admin", "6"), ("member", "6")]


def test_an_empty_project_answers_with_no_answers(call, project):
    assert get(call, "score")["sentence"] == "No answers yet."
    assert get(call, "breakdown?by=role")["rows"] == []
    assert get(call, "features")["rows"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("from=2026-02-01&to=2026-01-01", "#/query/to"),
        ("from=2026-01-01&to=2026-01-01", "#/query/to"),
        ("from=yesterday", "#/query/from"),
        ("to=2026-13-01", "#/query/to"),
        ("confidence=0.8", "#/query/confidence"),
        ("category=fan", "#/query/category"),
        ("trait=seats", "#/query/trait"),
        ("score_min=8&score_max=2", "#/query/score_max"),
        ("unknown=1", "#/query/unknown"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_where(call, project, query, pointer):
    assert pointer in pointers(call("GET", f"/insights/score?{query}"))
