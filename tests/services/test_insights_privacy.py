"""No two questions of somebody who may not see single answers differ by one to four people."""

import random
from datetime import timedelta
from itertools import combinations

import pytest

from backend.services.clock import utc_now
from backend.services.insights import levels, over_time
from backend.services.insights.coarse import HIDDEN
from backend.services.insights.question import Question
from backend.services.insights.view import look
from backend.services.insights.windows import Windows
from tests.api.admin.insights_world import World, write

ROLES = ("admin", "member", "rare", None)


def people(view):
    return frozenset(view.answers.user.tolist())


def questions(dice, number):
    for _ in range(number):
        start = utc_now() - timedelta(days=dice.randrange(30, 250), hours=dice.randrange(24))
        until = dice.choice([None, start + timedelta(days=dice.randrange(1, 200))])
        segment = dice.choice(
            [
                {},
                {"role": dice.choice(ROLES[:3])},
                {"plan": "pro"},
                {"page": "/a"},
                {"role": "nobody"},
                {"role": "admin", "plan": "pro"},
                {"category": "promoter"},
                {"verified": True},
                {"feature": "feature_1"},
                {"account_id": "acc_1"},
            ]
        )
        yield Question(since=start, until=until, **segment)


@pytest.mark.parametrize("seed", range(6))
def test_answers_of_two_questions_differ_by_nobody_or_by_five_people(
    db, project, make_survey, seed
):
    dice = random.Random(seed)
    roles = tuple(dice.choices(ROLES, weights=(60, 30, 3, 7), k=60))
    world = World(people=dice.choice([9, 40, 160]), days=240, roles=roles, seed=seed)
    world.answers_each, world.accounts, world.unanswered = 1, 3, 0
    write(db, project.id, make_survey(), world)

    windows = Windows()
    with db.read() as session:
        views = [look(session, windows, project.id, q) for q in questions(dice, 40)]
        for role in ROLES[:3]:
            q = Question(since=utc_now() - timedelta(days=250), role=role)
            views.append(look(session, windows, project.id, q))
    for one, other in combinations({(view.question.role, people(view)) for view in views}, 2):
        # Windows of one segment, and a segment beside everybody.
        if one[0] == other[0] or None in (one[0], other[0]):
            small, large = sorted((one[1], other[1]), key=len)
            if small <= large:
                assert len(large - small) == 0 or len(large - small) >= 5
    assert all(len(people(view)) == 0 or len(people(view)) >= 5 for view in views)


@pytest.mark.parametrize("seed", range(4))
def test_no_cell_of_a_table_has_one_to_four_people(db, project, make_survey, seed):
    world = World(people=90, days=150, seed=seed, answers_each=1, accounts=2)
    write(db, project.id, make_survey(), world)

    windows, question = Windows(), Question(since=utc_now() - timedelta(days=200))
    with db.read() as session:
        tables = [
            levels.breakdown(session, windows, project.id, question, by)["rows"]
            for by in ("role", "plan", "page", "version", "seats", "usage_group")
        ]
        trend = over_time.trend(session, windows, project.id, question, "day")

    cells = [row["n"] for rows in tables for row in rows]
    cells += [row["level"]["n"] for row in trend["rows"]]
    assert all(n is None or n >= 5 for n in cells)
    assert trend["unit"] == "month"
    assert (
        any(row["value"] == HIDDEN for rows in tables for row in rows)
        or min(n for n in cells if n) >= 5
    )


def test_an_analyst_is_shown_everything(db, project, make_survey):
    write(db, project.id, make_survey(), World(people=3, answers_each=1, days=5, unanswered=0))

    with db.read() as session:
        view = look(session, Windows(), project.id, Question(sees_answers=True))

    assert len(view.answers) == 3
