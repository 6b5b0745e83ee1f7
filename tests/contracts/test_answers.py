"""Answers by revisions: early, late, lost, repeated, at once (abuse cases 9 to 11)."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from backend.storage.models import Response
from tests.contracts.serving import eventually
from tests.contracts.test_abuse_cases import two_tickets


def rows(project):
    with project.server.db.read() as session:
        columns = Response.__table__
        return session.execute(select(columns).where(columns.c.project_id == project.id)).all()


@pytest.fixture
def asked(project):
    """A ticket of a fresh project."""
    project.survey()
    return project.ticket()


def test_a_score_whose_comment_never_comes_is_there(project, asked):
    answer = project.respond(ticket=asked, revision=1, state="scored", score=4)

    assert (answer.status, answer.json) == (201, {"state": "scored", "revision": 1})
    [row] = rows(project)
    assert (row.score, row.comment, row.state, row.page) == (4, None, "scored", "/reports/:id")
    eventually(lambda: rows(project)[0].profiled_at)


def test_the_same_response_fifty_times_at_once_is_one_row(project, asked):
    def post(_):
        return project.respond(ticket=asked, revision=1, state="scored", score=9).status

    with ThreadPoolExecutor(50) as pool:
        statuses = Counter(pool.map(post, range(50)))

    assert statuses == {201: 1, 200: 49}
    [row] = rows(project)
    assert (row.score, row.revision) == (9, 1)


def test_revisions_at_once_leave_the_highest(project, asked):
    def post(revision):
        return project.respond(
            ticket=asked, revision=revision, state="scored", score=revision % 11
        ).status

    with ThreadPoolExecutor(20) as pool:
        statuses = Counter(pool.map(post, range(1, 21)))

    assert statuses == {201: 1, 200: 19}
    [row] = rows(project)
    assert (row.revision, row.score) == (20, 9)


def test_revision_two_before_one_stands(project, asked):
    late = {"ticket": asked, "revision": 1, "state": "scored", "score": 3}
    early = {"revision": 2, "state": "completed", "score": 9, "comment": "Great"}

    assert project.respond(ticket=asked, **early).status == 201
    answer = project.respond(**late)

    assert (answer.status, answer.json) == (200, {"state": "completed", "revision": 2})
    [row] = rows(project)
    assert (row.score, row.comment, row.revision) == (9, "Great", 2)


@pytest.mark.parametrize("state", ["declined", "later", "shown"])
def test_who_scores_and_then_closes_has_answered(project, asked, state):
    scored = {"revision": 1, "state": "scored", "score": 9, "comment": "Fast"}
    project.respond(ticket=asked, **scored)

    answer = project.respond(ticket=asked, revision=2, state=state)

    assert answer.json == {"state": "scored", "revision": 2}
    [row] = rows(project)
    assert (row.state, row.score, row.comment) == ("scored", 9, "Fast")


def test_a_dismissed_survey_can_still_be_answered_from_an_open_tab(project, asked):
    assert project.respond(ticket=asked, revision=1, state="declined").status == 201
    answer = project.respond(ticket=asked, revision=2, state="completed", score=2)
    assert answer.json == {"state": "completed", "revision": 2}


def test_two_tickets_of_a_wave_answered_at_once_count_once(project):
    project.survey()
    tickets = two_tickets(project)[1]

    def post(ticket):
        return project.respond(ticket=ticket, revision=1, state="scored", score=9).status

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(post, tickets))

    assert statuses == [201, 409]
    assert len(rows(project)) == 1


def test_a_second_ticket_is_not_given_out_while_the_first_is_open(project, asked):
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: project.decide(user_id="u2").json, range(10)))
    assert sorted(answer["show"] for answer in answers) == [False] * 9 + [True]
    assert {answer.get("reason") for answer in answers} == {None, "no_open_ticket"}


def test_a_question_id_that_sounds_like_a_secret_keeps_its_answer(project):
    from backend.domain import survey_defaults

    content = survey_defaults.content()
    content["questions"].append({"id": "author_rating", "kind": "rating", "max": 5})
    content["texts"]["en"]["questions"]["author_rating"] = {"text": "And the editor?"}
    project.survey(content=content)

    answer = project.respond(
        ticket=project.ticket(), revision=1, state="completed", score=9,
        answers={"author_rating": 4},
    )  # fmt: skip

    assert answer.status == 201
    assert rows(project)[0].answers == {"author_rating": 4}
