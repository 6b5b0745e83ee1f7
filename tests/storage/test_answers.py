from dataclasses import fields

import numpy as np
import pytest
from sqlalchemy import delete, update

from backend.services import imports
from backend.services.clock import utc_now
from backend.services.import_rows import Options
from backend.services.insights import windows
from backend.services.insights.windows import Windows, published_versions
from backend.storage import answers
from backend.storage.fast import from_ms, to_ms
from backend.storage.models import Response
from tests.api.admin.insights_world import World, write

ALL = (0, 1 << 59)


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch):
    monkeypatch.setattr(windows, "CHECK_S", 0.0)


@pytest.fixture
def world(db, project, make_survey):
    survey_id = make_survey()
    write(db, project.id, survey_id, World(people=40))
    return survey_id


def fresh(db, project_id):
    with db.read() as session:
        surveys = published_versions(session, project_id)
        return answers.load(session.connection(), project_id, *ALL, surveys)


def looked(db, project_id, kept):
    with db.read() as session:
        return kept.between(session, project_id, *ALL)


def rows(loaded):
    """Everything a loaded window says, one tuple an answer, whatever its labels' order."""
    a = loaded.answers
    plain = [
        getattr(a, column.name).tolist()
        for column in fields(a)
        if column.name not in ("features", "pages", "dimensions", "key")
    ]
    named = []
    for name in sorted(a.dimensions):
        labels = (*a.dimension(name).labels, None)
        named.append([labels[code] for code in a.dimension(name).codes.tolist()])
    for use in (a.features, a.pages):
        parts = np.split(use.ids, use.indptr[1:-1]) if len(a) else []
        named.append([tuple(sorted(use.labels[i] for i in part)) for part in parts])
    # NaN, unknown use, is not equal to itself.
    plain = [[None if v != v else v for v in column] for column in plain]
    return list(zip(loaded.ids.tolist(), loaded.profiled.tolist(), *plain, *named, strict=True))


def test_columns_hold_what_the_table_holds(db, project, world):
    loaded = fresh(db, project.id)
    with db.read() as session:
        stored = session.get(Response, loaded.ids[7].decode())
        session.expunge(stored)

    a = loaded.answers
    assert (a.score[7], a.user[7], a.at[7]) == (
        stored.score,
        stored.user_key,
        to_ms(stored.answered_at),
    )
    assert a.account[7] == (stored.account_key or -1)
    assert a.weight[7] == 1 / stored.admission_probability
    assert a.active_days[7] == stored.active_days
    assert a.percentile[7] == pytest.approx(stored.active_midrank)
    assert a.top_decile[7] == (stored.active_percentile >= 90)
    assert a.verified[7] == stored.is_verified
    labels = (*a.dimension("role").labels, None)
    assert labels[a.dimension("role").codes[7]] == stored.role
    assert (np.diff(a.at) >= 0).all()
    assert len(loaded.answers) == 80


@pytest.mark.parametrize(
    "change",
    [
        {"is_test": True},
        {"state": "shown"},
        {"score": None},
    ],
)
def test_what_is_no_answer_is_left_out(db, project, world, change):
    one = fresh(db, project.id).ids[0].decode()
    db.write(lambda c: c.execute(update(Response).where(Response.id == one).values(**change)))

    assert len(fresh(db, project.id).answers) == 79


def test_answers_by_hand_weigh_nothing(db, project, world):
    db.write(lambda c: c.execute(update(Response).values(is_manual=True)))

    assert fresh(db, project.id).answers.weight.sum() == 0


def test_another_projects_answers_are_never_loaded(db, project, world, make_project):
    assert len(fresh(db, make_project().id).answers) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"score": 10, "comment": "changed"},
        {"is_test": True},
        {"role": "new role", "page": "/new"},
        {"features": b"", "active_days": 3},
        {"answered_at": from_ms(1_700_000_000_000)},
    ],
)
def test_a_kept_window_is_what_reading_anew_would_give(db, project, world, change):
    kept = Windows()
    ids = [i.decode() for i in looked(db, project.id, kept).ids[[3, 50]]]
    changed = {**change, "updated_at": utc_now()}

    db.write(lambda c: c.execute(update(Response).where(Response.id.in_(ids)).values(**changed)))

    assert rows(looked(db, project.id, kept)) == rows(fresh(db, project.id))


def test_a_fresh_answer_joins_a_kept_window_without_reading_it_anew(
    db, project, world, monkeypatch
):
    kept, calls, load = Windows(), [], answers.load
    looked(db, project.id, kept)
    monkeypatch.setattr(answers, "load", lambda *a, **k: calls.append(k) or load(*a, **k))
    file = "id,score,date,role,page\n1,9,2026-01-01,captain,/bridge\n2,0,2026-02-01,,\n"
    imports.run(db, project.id, world, file, Options(), actor="test", dry_run=False)

    loaded = looked(db, project.id, kept)

    assert [list(call) for call in calls] == [["changed_since_ms"]]
    assert rows(loaded) == rows(fresh(db, project.id))
    assert "captain" in loaded.answers.dimension("role").labels


def test_an_erased_answer_leaves_a_kept_window(db, project, world):
    kept = Windows()
    one = looked(db, project.id, kept).ids[0].decode()

    db.write(lambda c: c.execute(delete(Response).where(Response.id == one)))

    assert rows(looked(db, project.id, kept)) == rows(fresh(db, project.id))
    assert len(looked(db, project.id, kept).answers) == 79


def test_windows_that_do_not_fit_together_give_way(db, project, world):
    kept = Windows(most_bytes=1)
    with db.read() as session:
        kept.between(session, project.id, *ALL)
        kept.between(session, project.id, -(1 << 50), 1 << 59)

    assert len(kept._kept) == 1


def test_answers_of_one_millisecond_keep_their_own_comment_and_trait(db, project, world):
    at = utc_now()
    db.write(lambda c: c.execute(update(Response).values(answered_at=at, comment=Response.id)))
    db.write(
        lambda c: c.execute(
            update(Response).where(Response.id.like("%1")).values(traits={"seats": True})
        )
    )
    db.write(lambda c: c.execute(update(Response).where(Response.id.like("%2")).values(traits={})))
    kept = Windows()

    loaded = looked(db, project.id, kept)
    half = loaded.select(np.arange(len(loaded.ids)) % 2 == 1)
    with db.read() as session:
        comments = kept.comments(session, project.id, half)
        seats = kept.trait(session, project.id, half, "seats")

    ids = [one.decode() for one in half.ids.tolist()]
    assert ids == sorted(ids)
    assert comments.tolist() == ids
    named = [(*seats.labels, None)[code] for code in seats.codes.tolist()]
    assert [n == "true" for n in named] == [one.endswith("1") for one in ids]
    assert [n is None for n in named] == [one.endswith("2") for one in ids]
    assert set(named) <= {"true", "0", "1", "2", None}


def test_a_name_with_the_separator_does_not_shift_the_others(db, project, world):
    db.write(lambda c: c.execute(update(Response).values(role="a\x1fb", plan="c%sd")))

    loaded = fresh(db, project.id).answers

    assert loaded.dimension("role").labels == ("a",)
    assert loaded.dimension("survey").labels == (world,)


def test_comments_are_read_as_far_as_they_are_asked_for(db, project, world):
    db.write(lambda c: c.execute(update(Response).values(comment=Response.id)))
    kept = Windows()
    loaded = looked(db, project.id, kept)
    n = len(loaded.ids)

    with db.read() as session:
        for rows in ([], [n // 2], range(n // 3), range(n - 3, n), range(n)):
            part = loaded.select(np.array(rows, np.int64))
            texts = kept.comments(session, project.id, part).tolist()
            assert texts == [one.decode() for one in part.ids.tolist()]
            assert loaded.beside.read[1] - loaded.beside.read[0] <= n
    assert loaded.commented.all()
