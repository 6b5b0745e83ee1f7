"""The inbox without scripts: filters in the address, forms that follow answers up."""

from __future__ import annotations

import re

import pytest

from backend.services import responses
from backend.services.responses import Filters
from backend.storage.models import Member, Response
from tests.answers import give
from tests.web.conftest import words


@pytest.fixture
def answers(client, project, make_survey):
    make_survey()
    for user, score, comment in (("a", 2, "Too slow"), ("b", 10, "Love it"), ("c", 8, None)):
        give(client, project, user, score, comment)


def shown(db, project, **filters):
    with db.read() as session:
        rows = responses.listed(
            session, project.id, Filters(**filters), newest_first=True, after=None, limit=9
        )
        return [(row[0].id, responses.etag(row[0])) for row in rows]


def test_comments_are_filtered_and_searched_by_the_address(visit, answers):
    visitor = visit("analyst")

    assert "Love it" not in visitor.text("/inbox?category=detractor")
    assert "Too slow" not in visitor.text("/inbox?q=love")
    assert "Love it" not in visitor.text("/inbox?theme=Speed")
    assert "Too slow" in visitor.text("/inbox?theme=Speed&status=new&assignee_id=none")
    assert "No comment fits." in visitor.text("/inbox?q=nothing+of+this")
    assert "status: Must be one of" in visitor.get("/inbox?status=gone").text


def test_pages_of_comments_join_without_gap(visit, client, project, make_survey):
    make_survey()
    for i in range(33):
        give(client, project, f"user-{i}", 5, f"Slow comment {i}.")
    visitor = visit("analyst")

    for path in ("/inbox", "/inbox?theme=Speed"):
        first = visitor.get(path).text
        older = re.search(r'href="([^"]+cursor=[^"]+)"', first)[1].replace("&amp;", "&")
        second = visitor.get(older).text
        seen = re.findall(r"Slow comment \d+", first + second)
        assert sorted(seen) == sorted(f"Slow comment {i}" for i in range(33))
        assert "Older comments" not in second


def test_an_answer_is_followed_up_and_the_list_is_as_it_was(visit, answers, db, project):
    visitor = visit("analyst")
    response_id, tag = shown(db, project, score_max=2)[0]
    with db.read() as session:
        me = session.query(Member).one().id
    form = {"status": "in_progress", "assignee_id": me, "tags": "Export, ui", "note": "Ask Bo."}
    back = "/inbox?category=detractor"

    sent = visitor.send(f"/responses/{response_id}", on="/inbox", etag=tag, back=back, **form)

    assert (sent.status_code, sent.location) == (303, f"{back}#{response_id}")
    text = visitor.text("/inbox?status=in_progress&tag=ui")
    assert "#export" in text
    assert "Ask Bo." in text
    assert "Too slow" not in visitor.text("/inbox?status=new")
    form |= {"etag": shown(db, project, score_max=2)[0][1], "back": "//evil.example/inbox?"}
    away = visitor.send(f"/responses/{response_id}", on="/inbox", **form)
    assert away.location.startswith("/inbox?")


def test_of_two_who_write_a_note_the_second_loses_nothing(visit, answers, db, project):
    visitor = visit("analyst")
    response_id, tag = shown(db, project, score_max=2)[0]
    path = f"/responses/{response_id}"
    assert visitor.send(path, on="/inbox", etag=tag, note="Hers").status_code == 303

    late = visitor.send(path, on="/inbox", etag=tag, note="His")

    assert late.status_code == 412
    assert "Somebody else has changed this answer meanwhile" in late.text
    assert "Their note: “Hers”" in words(late.text)
    assert ">His</textarea>" in late.text
    now = re.search(r'name="etag" value="([^"]+)"', late.text)[1]
    assert visitor.send(path, on="/inbox", etag=now, note="Hers. His").status_code == 303


def test_what_cannot_be_kept_is_said_beside_what_was_entered(visit, answers, db, project):
    visitor = visit("analyst")
    response_id, tag = shown(db, project, score_max=2)[0]

    sent = visitor.send(f"/responses/{response_id}", on="/inbox", etag=tag, tags="x" * 41)

    assert sent.status_code == 422
    assert "A tag has 1 to 40 characters" in sent.text
    assert f'value="{"x" * 41}"' in sent.text


def test_a_script_gets_the_comment_alone(visit, answers, db, project):
    visitor = visit("analyst")
    response_id, tag = shown(db, project, score_max=2)[0]
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get("/inbox").text)[1]

    sent = visitor.client.post(
        f"/responses/{response_id}",
        data={"csrf_token": csrf, "etag": tag, "status": "closed"},
        headers={"Sec-Fetch-Site": "same-origin", "X-Fragment": "1"},
    )

    assert sent.status_code == 200
    assert "<html" not in sent.text
    assert '<option value="closed" selected>' in sent.text


def test_an_answer_marked_as_a_test_counts_in_no_number(visit, answers, db, project):
    visitor = visit("analyst")
    response_id, tag = shown(db, project, score_max=2)[0]

    visitor.send(f"/responses/{response_id}", on="/inbox", etag=tag, is_test="true")

    assert "test, counted nowhere" in visitor.text("/inbox")
    assert len(shown(db, project, is_test=False)) == 2
    with db.read() as session:
        assert session.get(Response, response_id).is_test
