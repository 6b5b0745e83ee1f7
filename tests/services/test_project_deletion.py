"""Deleting a project takes everything in it along, and nothing else."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from backend.cli import main
from backend.services.project_deletion import owner_of
from backend.services.vault import new_key
from backend.storage.models import AuditEntry, Base, Project
from tests import answers
from tests.dashboard import join

# What belongs to no project: the installation's own, or kept by time alone.
NOBODYS = {
    "installation_keys", "kept_answers", "login_attempts", "members", "projects", "sessions",
    "waiting_usage",
}  # fmt: skip
# Gone with the people or answers they are about.
WITH_PEOPLE = {"usage_days", "user_surveys", "triage"}


def rows(db):
    with db.read() as session:
        return {
            name: sorted(map(repr, session.execute(select(table))))
            for name, table in Base.metadata.tables.items()
        }


def test_every_table_is_somebodys():
    told = {
        name
        for name, table in Base.metadata.tables.items()
        if owner_of(table) is not None or name in NOBODYS | WITH_PEOPLE
    }
    assert told == set(Base.metadata.tables)


@pytest.fixture
def full(client, db, make_project, make_survey):
    """Return a maker of projects with something in nearly every table."""

    def make(name):
        given = make_project(name=name)
        make_survey(given.id)
        answers.give(client, given, f"user-{name}", 3, f"words of {name}", traits={"role": "x"})
        owner = {"Authorization": f"Bearer {given.owner_token}", "If-Match": "*"}
        sends = {"Authorization": f"Bearer {given.secret_key}"}
        event = {"type": "track", "event": "e", "userId": f"user-{name}", "messageId": name}
        assert client.post("/v1/batch", json={"batch": [event]}, headers=sends).status_code == 200
        found = client.get("/api/v1/responses", headers=owner).json["items"][0]["id"]
        for method, path, body in (
            ("POST", "/identity-secrets", None),
            ("POST", "/releases", {"name": name, "at": "2026-01-01T00:00:00Z"}),
            ("POST", "/features", {"names": ["e"], "label": f"label {name}"}),
            ("PATCH", "/privacy", {"events_days": 100}),
            ("PATCH", "/insights/settings", {"value_trait": "arr"}),
            ("PATCH", f"/responses/{found}", {"note": name}),
            ("POST", "/invitations", {"email": f"{name}@new.example", "role": "viewer"}),
        ):
            told = client.open("/api/v1" + path, method=method, json=body, headers=owner)
            assert told.status_code in (200, 201), (path, told.text)
        join(db, given.id, "owner", f"only-{name}@example.com")
        return given

    return make


def delete(client, given, **headers):
    sent = {"Authorization": f"Bearer {given.owner_token}"} | headers
    return client.delete(f"/api/v1/projects/{given.id}", headers=sent)


def test_nothing_of_a_deleted_project_is_left_and_another_stays_as_it_was(client, db, full):
    other = full("other")
    before = rows(db)
    gone = full("gone")

    assert delete(client, gone).status_code == 428
    assert delete(client, gone, **{"If-Match": "*"}).status_code == 204

    after = rows(db)
    left = after.pop("audit_entries")
    assert [line for line in left if "project.delete" in line and gone.id in line]
    assert [line for line in left if gone.id in line and "project.delete" not in line] == []
    before.pop("audit_entries")
    for name in ("sessions", "login_attempts"):
        before.pop(name), after.pop(name)
    assert after == before
    with db.read() as session:
        left = session.scalars(select(Project.id)).all()
        assert other.id in left
        assert gone.id not in left
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "project.delete"))
        assert entry.one().project_id is None
    assert delete(client, gone, **{"If-Match": "*"}).status_code == 401


def test_on_the_command_line_the_id_is_said_twice(config, db, make_project, monkeypatch, capsys):
    given = make_project()
    monkeypatch.setenv("ZEROTEN_DATA", str(config.data_dir))
    monkeypatch.setenv("DATABASE_URL", config.database_url)
    monkeypatch.setenv("ENCRYPTION_KEYS", new_key())

    assert main(["project", "delete", given.id]) == 2
    assert given.id in str(rows(db)["projects"])
    assert main(["project", "delete", given.id, "--really", given.id]) == 0
    assert given.id not in str(rows(db)["projects"])
    assert main(["project", "delete", given.id, "--really", given.id]) == 2


def test_only_an_owner_deletes_and_only_their_own(client, make_project):
    given, other = make_project(), make_project(name="Other")
    for token, project_id, status in (
        (given.admin_token, given.id, 403),
        (other.owner_token, given.id, 404),
        (given.owner_token, "prj_none", 404),
    ):
        headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}
        refused = client.delete(f"/api/v1/projects/{project_id}", headers=headers)
        assert refused.status_code == status
