"""Following answers up over REST: status, who, tags, a note; found by them, exported, forgotten."""

import csv
import io

import pytest

from backend.domain import privacy
from backend.services import erasure, members
from backend.services.erasure import Means
from backend.services.ledger import Ledger
from backend.storage.models import Triage
from tests.api.admin.conftest import pointers
from tests.dashboard import join


@pytest.fixture
def answers(make_survey, answer):
    make_survey()
    answer("u1", 2, "too slow")
    answer("u2", 9, "fine")


@pytest.fixture
def member(call, db, project):
    """An analyst of the project; returns the id."""

    def make(role="analyst"):
        join(db, project.id, role, f"{role}@example.com")
        with db.read() as session:
            return members.id_of(session, f"{role}@example.com")

    return make


def follow_up(call, user, **body):
    one = call("GET", f"/responses?user_id={user}").json["items"][0]["id"]
    tag = call("GET", f"/responses/{one}").headers["ETag"]
    return call("PATCH", f"/responses/{one}", json=body, if_match=tag)


def users_of(call, query):
    return [item["user_id"] for item in call("GET", f"/responses?{query}").json["items"]]


def test_an_answer_is_new_until_somebody_follows_it_up(call, answers, member):
    before = call("GET", "/responses?user_id=u1").json["items"][0]
    assert (before["status"], before["assignee_id"], before["tags"]) == ("new", None, [])

    analyst = member()
    body = {"status": "in_progress", "assignee_id": analyst, "tags": ["Export", " slow  page"]}
    changed = follow_up(call, "u1", **body, note="Called on Monday.")

    assert changed.status_code == 200
    assert changed.json["tags"] == ["export", "slow page"]
    assert follow_up(call, "u1", note="Fixed.").json == changed.json | {"note": "Fixed."}
    entry = call("GET", "/audit").json["items"][0]
    assert entry["changes"] == {"note": ["17 characters", "6 characters"]}


def test_answers_are_found_by_what_is_done_about_them(call, answers, member):
    analyst = member()
    follow_up(call, "u1", status="closed", assignee_id=analyst, tags=["ui", "50%_off"])

    assert users_of(call, "status=closed") == ["u1"]
    assert users_of(call, "status=new") == ["u2"]
    assert users_of(call, "status=in_progress") == []
    assert users_of(call, f"assignee_id={analyst}") == ["u1"]
    assert users_of(call, "assignee_id=none") == ["u2"]
    assert users_of(call, "tag=ui") == ["u1"]
    assert users_of(call, "tag=u") == users_of(call, "tag=50%25x") == []
    assert users_of(call, "has_comment=true&tag=50%25_off") == ["u1"]
    follow_up(call, "u1", status="new", assignee_id=None)
    assert users_of(call, "status=new&assignee_id=none") == ["u2", "u1"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"status": "done"}, "#/status"),
        ({"assignee_id": "mem_nobody"}, "#/assignee_id"),
        ({"tags": ["a,b"]}, "#/tags"),
        ({"tags": ["x" * 41]}, "#/tags"),
        ({"tags": [str(n) for n in range(11)]}, "#/tags"),
        ({"note": "x" * 4001}, "#/note"),
    ],
)
def test_what_cannot_be_is_refused(call, answers, body, pointer):
    refused = follow_up(call, "u1", **body)

    assert pointers(refused) == [pointer]


def test_viewers_neither_follow_up_nor_read_notes(call, answers, member, project):
    follow_up(call, "u1", note="Ann Smith is angry.")

    assert pointers(follow_up(call, "u1", assignee_id=member("viewer"))) == ["#/assignee_id"]
    seen = call("GET", "/responses", project.viewer_token).json["items"]
    assert {each["note"] for each in seen} == {""}
    path = f"/responses/{seen[0]['id']}"
    sent = call("PATCH", path, project.viewer_token, json={"status": "closed"}, if_match="*")
    assert sent.status_code == 403


def test_exports_hold_what_was_done_about_an_answer(call, answers):
    follow_up(call, "u1", status="closed", tags=["ui"], note="=1+1")

    rows = list(csv.DictReader(io.StringIO(call("GET", "/responses.csv").text, newline="")))
    assert [row["status"] for row in rows] == ["closed", "new"]
    assert (rows[0]["tags"], rows[0]["note"]) == ('["ui"]', "'=1+1")
    assert '"note":"=1+1"' in call("GET", "/responses.jsonl?user_id=u1").text.replace('": ', '":')


@pytest.mark.parametrize("mode", [privacy.ERASE, privacy.ANONYMISE])
def test_an_erased_persons_tags_and_notes_are_gone(call, answers, app, config, db, project, mode):
    follow_up(call, "u1", note="Ann Smith is angry.")
    state = app.extensions["zeroten"]
    means = Means(db, state.vault, state.usage, Ledger(config.data_dir))

    erasure.erase(means, project.id, "u1", mode=mode, actor="cli")

    with db.read() as session:
        assert session.query(Triage).count() == 0
