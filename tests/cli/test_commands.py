"""The command line, called as a person would, on both databases."""

import csv
import io
import json
import os

import pytest

from backend.cli import main
from backend.jobs import worker
from backend.services import credentials, demo, vault
from backend.storage.db import Database
from backend.storage.migrate import current_revision, head_revision


@pytest.fixture
def made(zeroten):
    """A project made by the command."""
    code, out, _ = zeroten("project", "create", "Acme", "--origin", "HTTPS://App.Example", "--json")
    assert code == 0
    return json.loads(out)


def test_a_project_is_handed_over_with_keys_that_work(zeroten, made, db):
    project_id = made["project_id"]

    assert credentials.publishable_key_project(db, made["publishable_key"]) == project_id
    assert credentials.secret_key_project(db, made["secret_key"], "events:write") == project_id
    assert zeroten("project", "list")[1].splitlines()[1].split()[:2] == [project_id, "Acme"]


def test_a_token_opens_the_project_with_its_role(zeroten, made, db):
    one = json.loads(zeroten("token", "create", "--role", "viewer", "--json")[1])
    every = json.loads(zeroten("token", "create", "--all-projects", "--json")[1])

    assert credentials.admin_principal(db, one["token"]).project_id == made["project_id"]
    assert credentials.admin_principal(db, one["token"]).role == "viewer"
    assert credentials.admin_principal(db, every["token"]).project_id is None


def test_a_key_is_added_listed_and_revoked(zeroten, made):
    key = json.loads(zeroten("key", "create", "secret", "--json")[1])
    assert key["key"].startswith("sk_")
    assert zeroten("key", "revoke", key["id"])[0] == 0

    listed = [json.loads(line) for line in zeroten("key", "list", "--json")[1].splitlines()]
    assert {one["id"]: one["revoked_at"] is None for one in listed}[key["id"]] is False
    assert key["key"] not in json.dumps(listed)


def test_an_identity_secret_is_made_listed_and_revoked(zeroten, made):
    secret = json.loads(zeroten("key", "create", "identity", "--json")[1])
    assert (secret["id"][:3], secret["key"][:4]) == ("is_", "ids_")
    listed = zeroten("key", "list")[1]
    assert secret["id"] in listed
    assert secret["key"] not in listed
    assert zeroten("key", "revoke", secret["id"])[0] == 0


def test_a_survey_is_made_from_a_file_published_and_paused(zeroten, made, tmp_path):
    file = tmp_path / "survey.json"
    file.write_text(json.dumps({"name": "Quarterly", "sampling": {"rate": 0.25}}))

    survey = json.loads(zeroten("survey", "create", "--file", str(file), "--json")[1])
    assert survey["status"] == "draft"
    assert zeroten("survey", "publish", survey["id"])[0] == 0
    assert "published" in zeroten("survey", "list")[1]
    assert zeroten("survey", "pause", survey["id"])[0] == 0
    listed = json.loads(zeroten("survey", "list", "--json")[1])
    assert (listed["status"], listed["version"], listed["rate"]) == ("paused", 1, 0.25)


def test_publishing_says_why_nobody_would_be_asked(zeroten, db):
    zeroten("project", "create", "Without pages")

    code, _, told = zeroten("survey", "create", "--publish")

    assert code == 0
    assert "allows no origins yet" in told


def test_answers_are_exported_to_a_file(zeroten, made, tmp_path):
    file = tmp_path / "answers.csv"

    assert zeroten("responses", "export", "--output", str(file))[0] == 0
    assert next(csv.reader(io.StringIO(file.read_text())))[:2] == ["id", "survey_id"]


def test_a_new_encryption_key_opens_a_vault(zeroten):
    key = zeroten("secret")[1].strip()

    assert vault.Vault((key,)).decrypt(vault.Vault((key,)).encrypt("x")) == "x"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["survey", "publish", "srv_none"], "no such thing"),
        (["key", "revoke", "key_none"], "no such thing"),
        (["survey", "list", "--project", "prj_none"], "There is no project prj_none"),
        (["survey", "create", "--file", "/no/such/file"], "No such file"),
        (["project", "create", ""], "name has 1 to 200"),
        (["project", "create", "X", "--timezone", "Mars/Base"], "no time zone"),
        (["project", "create", "X", "--origin", "example.com"], "no origin"),
        (["token", "create", "--project", "p", "--all-projects"], "Choose one"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(zeroten, made, arguments, told):
    code, out, error = zeroten(*arguments)

    assert (code, out) == (2, "")
    assert told in error
    assert error.count("\n") == 1


def test_two_projects_need_a_name(zeroten, made):
    zeroten("project", "create", "Other")

    assert "--project" in zeroten("survey", "list")[2]
    assert zeroten("survey", "list", "--project", made["project_id"])[0] == 0


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("{", "is not JSON"),
        ("[]", "must hold an object"),
        ('{"sampling": {"rate": 1.2}}', "#/sampling/rate"),
        ('{"status": "published"}', "#/status: There is no such member."),
        ('{"targeting": {"audience": {"op": "x"}}}', "#/targeting/audience/op"),
    ],
)
def test_a_bad_file_is_pointed_into(zeroten, made, tmp_path, document, told):
    file = tmp_path / "survey.json"
    file.write_text(document)

    code, _, error = zeroten("survey", "create", "--file", str(file))

    assert code == 2
    assert told in error
    assert error.count("\n") == 1


def test_the_demo_is_seeded_and_handed_over(zeroten, monkeypatch):
    asked = {}

    def seed(db, **given):
        asked.update(given)
        given["progress"]("people are made")
        return demo.Seeded("prj_1", "pk_1", "sk_1", "at_1", "srv_1")

    monkeypatch.setattr(demo, "seed", seed)

    code, out, told = zeroten("demo", "seed", "--seed", "7", "--json")

    assert (code, json.loads(out)["admin_token"]) == (0, "at_1")
    assert asked["seed"] == 7
    assert "people are made" in told


def test_the_server_is_gunicorn_in_this_very_process(zeroten, monkeypatch):
    started = []
    monkeypatch.setattr(os, "execv", lambda program, arguments: started.append(arguments))

    assert zeroten("serve")[0] == 0
    assert started[0][1:3] == ["-m", "gunicorn"]
    assert started[0][-1] == "backend.wsgi:app"


def test_the_worker_runs_on_tables_that_are_there(tmp_path, monkeypatch):
    monkeypatch.setenv("ZEROTEN_DATA", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    revisions = []

    def run(config):
        db = Database(config.url)
        with db.engine.connect() as connection:
            revisions.append(current_revision(connection))
        db.close()

    monkeypatch.setattr(worker, "run", run)

    assert main(["worker"]) == 0
    assert revisions == [head_revision()]


def test_no_third_live_key_of_a_kind(zeroten, made):
    assert zeroten("key", "create", "secret")[0] == 0
    assert "Revoke one" in zeroten("key", "create", "secret")[2]


def test_an_empty_database_gets_its_tables_with_the_first_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ZEROTEN_DATA", str(tmp_path / "new"))
    monkeypatch.delenv("DATABASE_URL", raising=False)

    assert main(["project", "create", "Acme"]) == 0
    assert main(["init"]) == 0
    assert head_revision() in capsys.readouterr().out


def test_a_database_of_another_release_is_left_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ZEROTEN_DATA", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert main(["init"]) == 0
    db = Database(f"sqlite:///{tmp_path / 'zeroten.db'}")
    other = "UPDATE alembic_version SET version_num = '9999'"
    db.write(lambda connection: connection.exec_driver_sql(other))

    assert main(["project", "list"]) == 2
    assert "zeroten init" in capsys.readouterr().err
    assert main(["init"]) == 2
    assert "newer release" in capsys.readouterr().err
    with db.engine.connect() as connection:
        assert current_revision(connection) == "9999"
    db.close()


def test_a_wrong_environment_is_named(monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", "mysql://nowhere")

    assert main(["project", "list"]) == 2
    assert "DATABASE_URL" in capsys.readouterr().err


def test_an_unreachable_database_is_said_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ZEROTEN_DATA", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/none")
    monkeypatch.setenv("ENCRYPTION_KEYS", vault.new_key())

    assert main(["project", "list"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
