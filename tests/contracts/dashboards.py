"""A dashboard on a real server: what its pages send, and what a forged page would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

from tests.contracts.serving import Answer, Project, Server, send
from tests.dashboard import PASSWORD, join

SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Visitor:
    """A browser with its cookie and the CSRF token it was told."""

    server: Server
    cookie: str = ""
    csrf: str = ""

    def log_in(self, email: str, password: str = PASSWORD) -> Answer:
        answer = self.call("POST", "/session", {"email": email, "password": password})
        if answer.status == 201:
            self.cookie = SimpleCookie(answer.headers["set-cookie"])["__Host-zeroten"].value
            self.csrf = answer.json["csrf_token"]
        return answer

    def call(
        self,
        method: str,
        path: str,
        document: Any = None,
        headers: Mapping[str, str | None] | None = None,
        *,
        body: bytes | None = None,
    ) -> Answer:
        given: dict[str, str | None] = {
            "Cookie": f"__Host-zeroten={self.cookie}" if self.cookie else None,
            "X-CSRF-Token": self.csrf or None,
            **SAME_SITE,
            **(headers or {}),
        }
        if document is not None:
            body = json.dumps(document).encode()
            given.setdefault("Content-Type", "application/json")
        kept = {name: value for name, value in given.items() if value is not None}
        return send(self.server, method, "/api/v1" + path, body, kept)


def member(project: Project, role: str = "owner", email: str = "") -> Visitor:
    """Return a new member of the project, logged in."""
    email = email or f"{role}-{project.id}@example.com".lower()
    join(project.server.db, project.id, role, email)
    visitor = Visitor(project.server)
    answer = visitor.log_in(email)
    assert answer.status == 201, answer
    return visitor


def with_token(
    project: Project,
    token: str,
    method: str,
    path: str,
    document: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Call the admin plane with a bearer token."""
    given = {"Authorization": f"Bearer {token}"} | dict(headers or {})
    body = None
    if document is not None:
        body = json.dumps(document).encode()
        given.setdefault("Content-Type", "application/json")
    return send(project.server, method, "/api/v1" + path, body, given)
