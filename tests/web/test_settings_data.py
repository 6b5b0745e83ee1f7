"""Settings: answers out and in, how long what is kept, one person's copy and erasure."""

from __future__ import annotations

import io
import re

import pytest

from backend.services import retention, users
from backend.storage.models import Response
from tests.answers import give

DATA, IMPORT = "/settings/data", "/settings/import"
FILE = "When,How likely,Words,Tier\n2026-01-05,9,Great,pro\n2026-01-06,eleven,Bad,pro\n"


def scores(db):
    with db.read() as session:
        return sorted(answer.score for answer in session.query(Response))


def upload(text):
    return {"file": (io.BytesIO(text.encode()), "answers.csv")}


def test_a_file_is_mapped_looked_at_and_taken_over(visit, make_survey, db):
    survey_id = make_survey()
    admin = visit("admin")

    looked = admin.send(IMPORT, on=IMPORT, step="look", survey_id=survey_id, **upload(FILE))
    assert "needs a column with the score and one with the time" in looked.text
    assert "<option>How likely</option>" in looked.text

    mapped = {"column_score": "How likely", "column_answered_at": "When", "csv": FILE}
    mapped |= {"column_comment": "Words", "survey_id": survey_id, "traits": ["Tier"]}
    looked = admin.send(IMPORT, on=IMPORT, step="look", **mapped)
    assert "Nothing is stored yet." in looked.text
    assert "Import 1 answers" in looked.text
    assert scores(db) == []

    for _ in range(2):
        taken = admin.send(IMPORT, on=IMPORT, step="import", **mapped)
        assert taken.status_code == 200
        assert scores(db) == [9]
    assert "1 were there before" in re.sub(r"<[^>]+>", "", taken.text)


def test_pieces_are_answered_as_json(visit, make_survey):
    admin = visit("admin")
    form = {"step": "import", "survey_id": make_survey(), "csv": "score,date\n7,2026-01-05\n"}
    token = re.search(r'name="csrf_token" value="([^"]+)"', admin.get(IMPORT).text)[1]
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}

    sent = admin.client.post(IMPORT, data=form | {"csrf_token": token}, headers=headers)

    assert (sent.json["imported"], sent.json["faulty"]) == (1, 0)


@pytest.mark.parametrize("chosen", [{}, upload(""), {"file": (io.BytesIO(b"\xff\xfe"), "a.csv")}])
def test_what_is_no_file_is_told_at_the_field(visit, make_survey, chosen):
    given = {name: (io.BytesIO(file.getvalue()), label) for name, (file, label) in chosen.items()}

    sent = visit("admin").send(IMPORT, on=IMPORT, survey_id=make_survey(), **given)

    assert sent.status_code == 422
    assert 'id="file-fault"' in sent.text


def test_a_long_file_is_taken_and_one_too_long_refused(visit, make_survey, db):
    admin, survey_id = visit("admin"), make_survey()
    row = "2026-01-05,9," + "x" * 900
    text = "date,score,comment\n" + "\n".join(f"{row} {i}" for i in range(900))

    taken = admin.send(IMPORT, on=IMPORT, step="import", survey_id=survey_id, csv=text)
    assert taken.status_code == 200
    assert len(scores(db)) == 900
    assert admin.send(IMPORT, on=IMPORT, csv="x" * 17_000_000).status_code == 413
    assert admin.send("/settings/origins", on=DATA, csv="x" * 600_000).status_code == 413


def test_how_long_what_is_kept_is_changed(visit, db, project):
    admin = visit("admin")
    now = re.search(r'name="revision" value="(\d+)"', admin.get(DATA).text)[1]
    form = {"events_days": "100", "decisions_days": "200", "responses_days": ""}

    wrong = admin.send(DATA, on=DATA, revision=now, **form | {"events_days": "0"})
    assert 'id="events_days-fault"' in wrong.text
    assert admin.send(DATA, on=DATA, revision=now, **form).status_code == 303
    with db.read() as session:
        kept = retention.settings(session, project.id)
    assert (kept["events_days"], kept["responses_days"]) == (100, None)


def test_a_person_is_found_by_id(visit, client, project, make_survey):
    make_survey()
    give(client, project, "a/b 🎉", 3)
    analyst = visit("analyst")

    sent = analyst.send(f"{DATA}/person", on=DATA, user_id="a/b 🎉")
    assert analyst.get(sent.location).status_code == 200
    assert analyst.send(f"{DATA}/person", on=DATA, user_id="nobody").status_code == 404


def test_a_person_gets_a_copy_and_is_erased_after_the_id_is_typed(
    visit, client, project, make_survey, db
):
    make_survey()
    give(client, project, "user-1", 3, "Too slow")
    admin, page = visit("admin"), "/users/user-1"
    who = {"user_id": "user-1", "anonymous": "false", "mode": "erase"}

    copy = admin.send("/person/export", on=page, **who)
    assert copy.json["responses"][0]["comment"] == "Too slow"
    assert "attachment" in copy.headers["Content-Disposition"]
    assert admin.send("/person/forget", on=page, typed="user-2", **who).status_code == 422
    assert scores(db) == [3]

    sent = admin.send("/person/forget", on=page, typed="user-1", **who)
    assert "Erased, for good." in admin.text(sent.location)
    assert scores(db) == []
    assert admin.get(page).status_code == 404


def test_anonymised_a_score_stays_without_its_person(visit, client, project, make_survey, db):
    make_survey()
    give(client, project, "user-1", 3, "Too slow")
    who = {"user_id": "user-1", "anonymous": "false", "typed": "user-1", "mode": "anonymise"}

    assert visit("admin").send("/person/forget", on="/users/user-1", **who).status_code == 303

    assert scores(db) == [3]
    with db.read() as session, pytest.raises(users.NotFoundError):
        users.view(session, project.id, "user-1")


def test_analysts_copy_and_do_not_erase(visit, client, project, make_survey):
    make_survey()
    give(client, project, "user-1", 3)
    analyst, who = visit("analyst"), {"user_id": "user-1", "anonymous": "false"}

    assert "Erase" not in analyst.text("/users/user-1")
    assert analyst.send("/person/export", on=DATA, **who).status_code == 200
    assert analyst.send("/person/forget", on=DATA, typed="user-1", **who).status_code == 403
