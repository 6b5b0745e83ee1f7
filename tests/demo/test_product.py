"""The demo product's server tells Zeroten what people do, and lets in nothing else."""

from __future__ import annotations

import re

import pytest
from zeroten.testing import recording_client

from backend.services.demo.truth import FEATURES, PAGES
from demo.product.people import ACCOUNT
from demo.product.server import ACTIONS, create_app

PERSON = {"user": "u-1", "role": "admin", "language": "de"}


@pytest.fixture
def zeroten():
    with recording_client() as client:
        yield client


@pytest.fixture
def product(zeroten):
    app = create_app(zeroten, "pk_demo", "http://127.0.0.1:8000")
    return app.test_client()


def test_signing_in_tells_who_somebody_is_and_where_they_belong(product, zeroten):
    answer = product.post("/api/session", json=PERSON).json

    identify, group = zeroten.events
    assert answer["user"] == identify["userId"] == group["userId"] == "u-1"
    assert answer["traits"] == identify["traits"]
    assert (identify["traits"]["role"], group["groupId"]) == ("admin", ACCOUNT)


@pytest.mark.parametrize("user", [None, "", "a b", "<script>", 7, "x" * 65])
def test_whoever_has_no_proper_id_becomes_somebody_new(product, user):
    answers = [product.post("/api/session", json={"user": user}).json for _ in range(2)]

    assert all(answer["user"].startswith("demo-visitor-") for answer in answers)
    assert answers[0]["user"] != answers[1]["user"]


def test_an_unknown_role_or_language_becomes_the_usual_one(product):
    answer = product.post("/api/session", json={"role": "emperor", "language": ["de"]}).json

    assert (answer["traits"]["role"], answer["traits"]["language"]) == ("member", "en")


def test_an_export_is_a_file_and_is_tracked(product, zeroten):
    answer = product.post("/api/export", json=PERSON)

    assert answer.content_type.startswith("text/csv")
    assert [event["userId"] for event in zeroten.named("export_csv")] == ["u-1"]


def test_each_action_is_tracked_under_its_name(product, zeroten):
    for name in ACTIONS:
        assert product.post(f"/api/actions/{name}", json=PERSON).status_code == 200

    assert [event["event"] for event in zeroten.events] == list(ACTIONS)
    assert {*ACTIONS, "export_csv"} == set(FEATURES)


def test_a_page_view_is_sent_with_its_path(product, zeroten):
    product.post("/api/pages", json=PERSON | {"path": "/reports/42?token=secret"})

    (event,) = zeroten.events
    assert (event["type"], event["properties"]["path"]) == ("page", "/reports/42")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/actions/delete_everything", PERSON, 404),
        ("/api/actions/search", ["u-1"], 422),
        ("/api/session", "u-1", 422),
        ("/api/pages", PERSON | {"path": "no-slash"}, 422),
        ("/api/pages", PERSON, 422),
    ],
)
def test_what_is_not_meant_is_refused_and_sends_nothing(product, zeroten, path, body, status):
    assert product.post(path, json=body).status_code == status
    assert zeroten.events == []


def test_every_page_of_the_seeded_months_can_be_opened(product):
    for template in PAGES:
        assert product.get(template.replace(":id", "42")).status_code == 200, template
    assert product.get("/nowhere").status_code == 404


def test_the_page_has_the_tag_and_no_script_in_the_text(product):
    text = product.get("/dashboard").text

    assert '<script async crossorigin src="http://localhost:8000/w/pk_demo.js"></script>' in text
    assert re.findall(r"<script[^>]*>([^<]*)", text) == ["", ""]
    assert "style=" not in text


def test_the_policy_allows_zeroten_and_nothing_unsafe(product):
    policy = product.get("/").headers["Content-Security-Policy"]

    assert "script-src 'self' http://localhost:8000" in policy
    assert "connect-src 'self' http://localhost:8000" in policy
    assert "unsafe" not in policy
    assert "*" not in policy


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("demo.example:8001", "http://demo.example:8000"),
        ("demo.example", "http://demo.example:8000"),
        ("[::1]:8001", "http://[::1]:8000"),
        ("x;script-src *:1", "http://127.0.0.1:8000"),
    ],
)
def test_zeroten_is_sought_under_the_name_the_page_was_opened_by(product, host, origin):
    answer = product.get("/api/nothing", headers={"Host": host})

    assert f"script-src 'self' {origin};" in answer.headers["Content-Security-Policy"]
