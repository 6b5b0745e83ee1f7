"""What tests of the admin plane share: a caller with a token, and answers given as pages do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backend.services import projects
from backend.storage.db import Database
from tests import answers
from tests.conftest import Given

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
    """Give an answer: `answer("u1", 9, "comment", given=other_project, traits=…)`."""

    def give(
        user: str, score: int, comment: str | None = None, given: Given = project, **question: Any
    ) -> None:
        answers.give(client, given, user, score, comment, **question)

    return give


def pointers(response: TestResponse) -> list[str]:
    """Return where a 422 says the faults are."""
    assert response.status_code == 422, response.get_data(as_text=True)
    return [fault["pointer"] for fault in response.json["errors"]]
