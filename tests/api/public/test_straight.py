"""A decision passes the framework by; everything about its answers is as if it had not."""

import json
from dataclasses import replace

import pytest

from backend.app import create_app
from tests.conftest import ORIGIN

OF_THE_QUESTION = {"Content-Type", "Content-Length", "X-Request-Id", "Vary"}


def ask(client, project, **question):
    return client.post(
        "/v1/decide",
        data=json.dumps({"publishable_key": project.publishable_key} | question),
        content_type="text/plain",
        headers={"Origin": ORIGIN},
    )


@pytest.mark.parametrize("public_url", ["", "https://zeroten.example.com"])
def test_a_decision_and_a_refusal_have_the_same_headers(
    config, db, project, make_survey, public_url
):
    make_survey()
    client = create_app(replace(config, public_url=public_url), db).test_client()

    decided, refused = ask(client, project, user_id="u1"), ask(client, project)

    assert (decided.status_code, refused.status_code) == (200, 422)
    both = [
        {name: value for name, value in each.headers if name not in OF_THE_QUESTION}
        for each in (decided, refused)
    ]
    assert both[0] == both[1]
    assert decided.headers["X-Request-Id"] != refused.headers["X-Request-Id"]
    assert int(decided.headers["Content-Length"]) == len(decided.data)


def test_a_refusal_keeps_its_reason_and_says_which_request_it_was(client, project):
    answer = ask(client, project, user_id=7)

    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "/problems/invalid-request"
    assert answer.json["errors"][0]["pointer"] == "#/user_id"
    assert answer.json["instance"] == f"/requests/{answer.headers['X-Request-Id']}"


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_other_methods_are_the_framework_s(client, method):
    assert getattr(client, method)("/v1/decide").status_code == 405
