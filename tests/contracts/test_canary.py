"""Marked addresses, agents, queries and secrets go through every endpoint; none is found again."""

import json
import re

from tests.api.admin.test_access import BODIES
from tests.contracts.dashboards import member
from tests.contracts.serving import send, track
from tests.contracts.test_privacy import dump

ADDRESS = "203.0.113.99"
AGENT = "CanaryAgent/99.9"
QUERY = "canary-query-99"
SECRET = "canary-secret-99"
PASSWORD = "canary-password-99"
HEADERS = {
    "X-Forwarded-For": ADDRESS,
    "Forwarded": f"for={ADDRESS}",
    "X-Real-IP": ADDRESS,
    "User-Agent": AGENT,
    "Referer": f"https://app.example.com/x?{QUERY}",
}


def test_no_mark_is_kept_or_logged_wherever_it_was_sent(server, project):
    project.survey()
    _as_pages_and_servers(project)
    sent = _as_admins(server, project)
    _as_people_who_log_in(server, project)

    kept = dump(server) + server.log
    assert sent > 60
    for mark in (ADDRESS, "CanaryAgent", QUERY, SECRET, PASSWORD):
        assert mark not in kept, mark
    exported = send(
        server, "GET", "/api/v1/responses.jsonl",
        headers={"Authorization": f"Bearer {project.given.owner_token}"},
    )  # fmt: skip
    assert exported.status == 200
    assert not re.search(rb"anary", exported.body)


def _as_pages_and_servers(project):
    ask = {
        "user_id": "u1",
        "page": f"/reports/42?{QUERY}#{QUERY}",
        "traits": {"password": SECRET, "apiKey": SECRET, "n": {"auth_token": SECRET}},
    }
    asked = project.post("/v1/decide", ask, headers=HEADERS)
    said = {"ticket": asked.json["ticket"], "revision": 1, "state": "completed", "score": 1}
    assert project.post("/v1/responses", said, headers=HEADERS).status == 201
    context = {"ip": ADDRESS, "userAgent": AGENT, "page": {"url": f"https://a.test/?{QUERY}"}}
    events = [
        track(1, context=context, properties={"secret": SECRET}),
        {"type": "page", "userId": "u1", "properties": {"url": f"https://a.test/x?{QUERY}"}},
        {"type": "identify", "userId": "u1", "traits": {"credentials": SECRET}},
        {"type": "group", "userId": "u1", "groupId": "g", "traits": {"private_key": SECRET}},
    ]
    assert project.batch(events, headers=HEADERS).json["stored"] == 4
    for path in (f"/w/{project.given.publishable_key}.js", "/healthz", "/readyz", "/", "/nothing"):
        send(project.server, "GET", f"{path}?{QUERY}", headers=HEADERS)


def _as_admins(server, project):
    """Call every operation, with what it takes and with a query that it does not take."""
    document = send(server, "GET", "/api/v1/openapi.json", headers=HEADERS).json
    headers = HEADERS | {
        "Authorization": f"Bearer {project.given.owner_token}",
        "Content-Type": "application/json",
        "If-Match": "*",
    }
    sent = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method not in ("get", "post", "patch", "put", "delete"):
                continue
            body = json.dumps(BODIES.get(operation["operationId"], {})).encode()
            body = body if "requestBody" in operation else None
            spelled = re.sub(r"{\w+}", "unknown", path)
            for address in (spelled, f"{spelled}?{QUERY}=1"):
                send(server, method.upper(), address, body, headers)
                sent += 1
    return sent


def _as_people_who_log_in(server, project):
    visitor = member(project)
    login = {"email": "nobody@example.com", "password": PASSWORD}
    visitor.call("POST", "/session", login, HEADERS)
    visitor.call("GET", "/session", headers=HEADERS)
    change = {"current_password": PASSWORD, "new_password": PASSWORD + "x"}
    visitor.call("PUT", "/session/password", change, HEADERS)
    redeem = {"token": SECRET, "password": PASSWORD, "name": "x"}
    visitor.call("POST", "/session/links", redeem, HEADERS)
    visitor.call("DELETE", "/session", headers=HEADERS)
