from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select, update

from backend.services import exports, responses
from backend.services.responses import Filters
from backend.storage.models import Response
from tests import answers

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def answer(client, project):
    """Give an answer as a page does."""
    return partial(answers.give, client, project)


@pytest.fixture
def ids(db, project, make_survey, answer):
    """Five answers of one and the same millisecond."""
    make_survey()
    for number in range(5):
        answer(f"u{number}", number)
    db.transact(lambda session: session.execute(update(Response).values(answered_at=NOON)))
    with db.read() as session:
        return sorted(session.scalars(select(Response.id)))


def pages(db, project, *, newest_first, limit):
    after, seen, filters = None, [], Filters()
    while True:
        with db.read() as session:
            rows = responses.listed(
                session, project.id, filters, newest_first=newest_first, after=after, limit=limit
            )
            if not rows:
                return seen
            seen += [row[0].id for row in rows]
            after = responses.place(rows[-1], filters)


@pytest.mark.parametrize("limit", [1, 2, 5, 6])
def test_answers_of_one_moment_are_listed_once_each(db, project, ids, limit):
    assert pages(db, project, newest_first=False, limit=limit) == ids
    assert pages(db, project, newest_first=True, limit=limit) == ids[::-1]


def test_an_export_in_pieces_gives_each_answer_once(db, project, ids, monkeypatch):
    monkeypatch.setattr(exports, "PIECE", 2)

    exported = [view["id"] for piece in exports.pieces(db, project.id, Filters()) for view in piece]

    assert exported == ids


def test_an_answer_that_arrives_during_an_export_hides_no_other(
    db, project, ids, answer, monkeypatch
):
    monkeypatch.setattr(exports, "PIECE", 2)

    pieces = exports.pieces(db, project.id, Filters())
    exported = next(pieces)
    answer("late", 9)
    for piece in pieces:
        exported += piece

    assert set(ids) <= {view["id"] for view in exported}
    assert len({view["id"] for view in exported}) == len(exported)


def test_the_time_of_a_filter_is_from_inclusive_to_exclusive(db, project, ids):
    def count(**given):
        with db.read() as session:
            return len(
                responses.listed(
                    session,
                    project.id,
                    Filters(**given),
                    newest_first=True,
                    after=None,
                    limit=9,
                )
            )

    tick = timedelta(milliseconds=1)
    assert count(since=NOON, until=NOON + tick) == 5
    assert count(since=NOON + tick) == 0
    assert count(until=NOON) == 0


def test_unanswered_responses_are_listed_by_their_invitation():
    assert Filters(states=("shown",)).time.key == "invited_at"
    assert Filters(states=("scored", "declined")).time.key == "invited_at"
    assert Filters(states=("scored",)).time.key == "answered_at"
    assert Filters().time.key == "answered_at"


def test_numbers_stay_numbers_in_a_file_and_absent_things_are_empty():
    view = dict.fromkeys(exports.COLUMNS) | {
        "usage": None,
        "score": 7,
        "admission_probability": 0.25,
        "is_test": True,
        "answered_at": NOON,
        "comment": 'a "quoted", text',
        "traits": {"=x": 1},
    }

    lines = "".join(exports.csv_lines(iter([[view]]))).split("\r\n")

    assert lines[0].split(",") == list(exports.COLUMNS)
    assert ",7," in lines[1]
    assert ",0.25," in lines[1]
    assert '"a ""quoted"", text"' in lines[1]
    assert "2026-11-22T12:00:00Z" in lines[1]
    assert ",true," in lines[1]
    assert "None" not in lines[1]
