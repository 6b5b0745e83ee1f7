"""What tests of the admin plane share: a caller with a token, and answers given as pages do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backend.services import projects
from backend.storage.db import Database
from tests.conftest import ORIGIN, Given

Call = Callable[..., TestResponse]


@pytest.fixture
def call(client: FlaskClient, project: Given) -> Call:
    """Call the admin plane: `call("GET", "/surveys")`, as the project's owner by default."""

    def send(method: str, path: str, token: str | None = None, **given: Any) -> TestResponse:
        headers = given.pop("headers", {})
        headers = {"Authorization": f"Bearer {token or project.owner_token}"} | headers
        if (tag := given.pop("if_match", None)) is not None:
            headers["If-Match"] = tag
        return client.open("/api/v1" + path, method=method, headers=headers, **given)

    return send


@pytest.fixture
def root_token(db: Database) -> str:
    """A token of the whole installation."""
    return db.transact(
        lambda session: projects.create_token(session, project_id=None, name="root", role="owner")
    )[1]


@pytest.fixture
def answer(client: FlaskClient, project: Given) -> Callable[..., None]:
    """Ask `user` in a page and give `score` and `comment`; further members go into the question."""

    def give(
        user: str, score: int, comment: str | None = None, given: Given = project, **question: Any
    ) -> None:
        asked = post("/v1/decide", given, user_id=user, **{"page": "/"} | question)
        assert asked["show"] is True, asked
        done = {"revision": 1, "state": "completed", "score": score, "comment": comment}
        post("/v1/responses", given, ticket=asked["ticket"], **done)

    def post(path: str, given: Given, **body: Any) -> Any:
        document = json.dumps({"publishable_key": given.publishable_key} | body)
        headers = {"Origin": ORIGIN}
        sent = client.post(path, data=document, content_type="text/plain", headers=headers)
        assert sent.status_code < 300, sent.json
        return sent.json

    return give


def pointers(response: TestResponse) -> list[str]:
    """Return where a 422 says the faults are."""
    assert response.status_code == 422, response.get_data(as_text=True)
    return [fault["pointer"] for fault in response.json["errors"]]
