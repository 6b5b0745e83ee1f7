"""Answers given the way pages give them."""

from __future__ import annotations

import json
from typing import Any

from flask.testing import FlaskClient

from tests.conftest import ORIGIN, Given


def give(
    client: FlaskClient,
    project: Given,
    user: str,
    score: int,
    comment: str | None = None,
    **question: Any,
) -> None:
    """Ask `user` in a page and complete the survey; further members go into the question."""
    asked = _post(client, "/v1/decide", project, user_id=user, **{"page": "/"} | question)
    assert asked["show"] is True, asked
    done = {"revision": 1, "state": "completed", "score": score, "comment": comment}
    _post(client, "/v1/responses", project, ticket=asked["ticket"], **done)


def _post(client: FlaskClient, path: str, project: Given, **body: Any) -> Any:
    document = json.dumps({"publishable_key": project.publishable_key} | body)
    headers = {"Origin": ORIGIN}
    sent = client.post(path, data=document, content_type="text/plain", headers=headers)
    assert sent.status_code < 300, sent.json
    return sent.json
