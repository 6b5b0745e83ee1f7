"""People of the dashboard for tests: invited, joined and logged in as real ones are."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backend.services import invitations
from backend.services.clock import utc_now
from backend.storage.db import Database

PASSWORD = "correct horse battery"


def join(
    db: Database,
    project_id: str | None,
    role: str = "owner",
    email: str = "ann@example.com",
    password: str = PASSWORD,
) -> None:
    """Have somebody be invited to a project (None: to all) and accept."""
    token = db.transact(
        lambda session: invitations.invite(
            session, project_id=project_id, email=email, role=role, actor="cli"
        )[1]
    )
    invitations.redeem(db, token, password, "Ann", utc_now())


class Browser:
    """A dashboard in a browser: keeps the cookie, sends the CSRF token and what browsers send."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.csrf = ""

    def log_in(
        self, email: str = "ann@example.com", password: str = PASSWORD, **more: Any
    ) -> TestResponse:
        document = {"email": email, "password": password} | more
        answer = self.call("POST", "/session", json=document)
        self.csrf = answer.json.get("csrf_token", "")
        return answer

    def call(self, method: str, path: str, **given: Any) -> TestResponse:
        headers = {"X-CSRF-Token": self.csrf, "Sec-Fetch-Site": "same-origin"}
        headers |= given.pop("headers", {})
        if (tag := given.pop("if_match", None)) is not None:
            headers["If-Match"] = tag
        kept = {name: value for name, value in headers.items() if value is not None}
        return self.client.open("/api/v1" + path, method=method, headers=kept, **given)


def slug(answer: TestResponse) -> tuple[int, str]:
    """Return status and problem type."""
    assert answer.content_type == "application/problem+json", answer.text
    return answer.status_code, answer.json["type"].removeprefix("/problems/")
