"""A walk through the published operations with every id of another project, as every role.

Made from the OpenAPI document, so that a new operation is walked without anybody thinking of it:
a foreign id answers exactly as one that nobody has, shows nothing of the other project and
changes nothing in it.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import product
from typing import Any

import pytest
from sqlalchemy import select

from backend.services import invitations
from backend.storage.models import Base, Member, OneTimeLink
from tests import answers
from tests.api.admin.test_access import BODIES
from tests.conftest import ORIGIN
from tests.dashboard import Browser, join

ROLES = ("owner", "admin", "analyst", "viewer")
NOBODYS = "unknown-thing"
# Operations on the caller's own session: they take no id of anything.
OWN = "/api/v1/session"
QUERY_IDS = ("survey_id", "user_id", "account_id", "subject", "response_id", "after", "cursor")


@pytest.fixture
def project(make_project):
    """The project of the callers, in process: thousands of requests are sent."""
    return make_project()


@pytest.fixture
def foreign(client, db, make_project, make_survey) -> dict[str, str]:
    """Another project with something of every kind, all of it marked `canary`."""
    given = make_project(name="canary-project", origins=["https://canary.example.com", ORIGIN])
    survey_id = make_survey(given.id, name="canary-survey")
    answers.give(
        client, given, "canary-user", 2, "canary-words", account={"id": "canary-account"},
        traits={"role": "canary-role"},
    )  # fmt: skip
    headers = {"Authorization": f"Bearer {given.owner_token}"}

    def first(path: str) -> str:
        return client.get("/api/v1" + path, headers=headers).json["items"][0]["id"]

    release = {"name": "canary-release", "at": "2026-01-01T00:00:00Z"}
    client.post("/api/v1/releases", json=release, headers=headers)
    client.post("/api/v1/identity-secrets", headers=headers)
    join(db, given.id, "owner", "canary@example.com")
    db.transact(
        lambda session: invitations.invite(
            session, project_id=given.id, email="canary2@example.com", role="viewer", actor="cli"
        )
    )
    with db.read() as session:
        member = session.scalars(select(Member.id)).one()
        invitation = session.scalars(select(OneTimeLink.id)).one()
    return {
        "project": given.id,
        "survey": survey_id,
        "key": first("/keys"),
        "token": first("/tokens"),
        "secret": first("/identity-secrets"),
        "response": first("/responses"),
        "decision": first("/decisions"),
        "release": first("/releases"),
        "member": member,
        "invitation": invitation,
        "user": "canary-user",
        "account": "canary-account",
    }


@pytest.fixture
def callers(app, client, db, project) -> dict[str, Any]:
    """Everybody who may call in the first project: a token of each role, members with sessions."""

    def with_token(token: str) -> Any:
        headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}
        return lambda method, path, **given: client.open(
            path, method=method, headers=headers, **given
        )

    found = {role: with_token(getattr(project, f"{role}_token")) for role in ROLES}
    for role in ("owner", "viewer"):
        email = f"{role}@example.com"
        join(db, project.id, role, email)
        browser = Browser(app.test_client())
        assert browser.log_in(email).status_code == 201
        found[f"{role}'s session"] = lambda method, path, browser=browser, **given: browser.call(
            method, path.removeprefix("/api/v1"), if_match="*", **given
        )
    return found


def operations(client) -> list[tuple[str, str, dict[str, Any]]]:
    document = client.get("/api/v1/openapi.json").json
    return [
        (method.upper(), path, operation | {"shared": item.get("parameters", [])})
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete") and not path.startswith(OWN)
    ]


def tries(operations, ids):
    """Yield (operation, method, path, path with nobody's id) of everything that names an id."""
    for (method, path, operation), foreign_id in product(operations, ids):
        names = re.findall(r"{(\w+)}", path)
        if names:
            spelled = [re.sub(r"{\w+}", one, path) for one in (foreign_id, NOBODYS)]
            yield operation, method, *spelled
        for name in _query_names(operation):
            base = re.sub(r"{\w+}", NOBODYS, path)
            yield operation, method, f"{base}?{name}={foreign_id}", f"{base}?{name}={NOBODYS}"


def _query_names(operation) -> list[str]:
    parameters = [*operation["shared"], *operation.get("parameters", [])]
    names = {each["name"] for each in parameters if each["in"] == "query"}
    return sorted(names & {"project_id", *QUERY_IDS})


def rows_of(db, project_id):
    """Return every row that is of the project, and every row of tables that name no project."""
    with db.read() as session:
        return {
            name: sorted(
                repr(tuple(row))
                for row in session.execute(select(table))
                if row._mapping.get("project_id", project_id) == project_id
            )
            for name, table in Base.metadata.tables.items()
            if name not in ("sessions", "login_attempts", "projects")
        }


def comparable(answer, *spelled: str) -> tuple[int, str, str]:
    text = re.sub(r"/requests/\w+", "", answer.get_data(as_text=True))
    # A window without limits of its own ends now.
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    for one in spelled:
        text = text.replace(one, "ID")
    return answer.status_code, answer.content_type, text


def test_no_id_of_another_project_opens_shows_or_changes_anything(
    client, db, project, foreign, callers
):
    if not db.is_sqlite:
        # Queries are the same; two callers show that this engine compares as the other does.
        callers = {name: callers[name] for name in ("owner", "viewer's session")}
    before = rows_of(db, foreign["project"])
    count, leaks, statuses = 0, [], Counter()
    for operation, method, theirs, nobodys in tries(operations(client), foreign.values()):
        body = BODIES.get(operation["operationId"])
        given = {} if "requestBody" not in operation else {"json": body or {}}
        for caller, call in callers.items():
            found, unknown = (call(method, path, **given) for path in (theirs, nobodys))
            count += 2
            statuses[found.status_code] += 1
            told = found.get_data(as_text=True)
            foreign_id = next(one for one in foreign.values() if one in theirs)
            if comparable(found, foreign_id) != comparable(unknown, NOBODYS):
                leaks.append((caller, method, theirs, found.status_code, unknown.status_code))
            # What was asked for may be told again, and no word of the other project besides.
            if "canary" in told.replace(foreign_id, ""):
                leaks.append((caller, method, theirs, told[:200]))

    assert not leaks, (len(leaks), leaks[:10])
    assert count >= 1_000
    assert not [status for status in statuses if status >= 500], statuses
    assert rows_of(db, foreign["project"]) == before


def test_lists_of_one_project_show_nothing_of_another(client, foreign, callers):
    for (method, path, _), (caller, call) in product(operations(client), callers.items()):
        if method == "GET" and "{" not in path:
            assert "canary" not in call(method, path).get_data(as_text=True), (caller, path)
