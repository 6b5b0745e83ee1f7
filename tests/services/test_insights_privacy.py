"""No two questions of somebody who may not see single answers differ by one to four people."""

import random
from datetime import timedelta
from itertools import combinations, permutations, product

import pytest
from sqlalchemy import insert, select, update

from backend.domain.errors import InvalidRequestError
from backend.domain.insights.rows import latest
from backend.services.clock import utc_now
from backend.services.insights import comments, levels, over_time
from backend.services.insights.coarse import HIDDEN
from backend.services.insights.question import Question
from backend.services.insights.view import look
from backend.services.insights.windows import Windows
from backend.storage.models import Response, SurveyVersion
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


def unit(view):
    """What a question counts: a person once in each month."""
    answers = latest(view.answers.without_usage())
    return frozenset(answers.key.tolist())


def groups(session, windows, project_id, question, by):
    """The answers behind each value that a breakdown shows, and the person of each answer."""
    view = look(session, windows, project_id, question, by=by)
    name, view = levels._dimension(session, windows, view, by)
    answers = latest(levels.joined(view.answers, name, view.timezone).without_usage())
    column = answers.dimension(name)
    found = {unit(view)}
    for code in set(column.codes.tolist()):
        found.add(frozenset(answers.key[column.codes == code].tolist()))
    return found


def owners(session, windows, project_id):
    """The true person behind each answer's place in the whole window."""
    start = utc_now() - timedelta(days=400)
    view = look(session, windows, project_id, Question(since=start, sees_answers=True))
    return dict(zip(view.answers.key.tolist(), view.answers.user.tolist(), strict=True))


# Values of the same kind, or of kinds of which one lies within the other.
RELATED = (
    ("role",),
    ("plan",),
    ("page",),
    ("version",),
    ("seats",),
    ("usage_group",),
    ("display_number",),
    ("survey", "survey_version"),
)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("answers_each", [1, 3])
def test_no_difference_of_two_tables_is_about_one_to_four_people(
    db, project, make_survey, seed, answers_each
):
    roles = tuple(random.Random(seed).choices(ROLES, weights=(60, 30, 3, 7), k=60))
    world = World(people=[8, 35, 70, 130][seed], days=240, roles=roles, seed=seed)
    world.answers_each, world.accounts, world.unanswered = answers_each, 3, 20
    survey_id = make_survey()
    write(db, project.id, survey_id, world)
    _spread_over_versions(db, survey_id, make_survey(), random.Random(seed))

    windows, now = Windows(), utc_now()
    spans = [(300, None), (200, None), (100, None), (240, 60), (150, 31), (40, None), (75, 40)]
    asked = [
        Question(
            since=now - timedelta(days=first),
            until=None if last is None else now - timedelta(days=last),
        )
        for first, last in spans
    ]
    with db.read() as session:
        # The whole first, so that a place means the same in every window.
        person = owners(session, windows, project.id)
        for kinds in RELATED:
            shown = set()
            for question, by in product(asked, kinds):
                shown |= groups(session, windows, project.id, question, by)
            for small, large in permutations(shown, 2):
                if small < large:
                    left = {person[key] for key in large - small}
                    assert len(left) >= 5, (kinds, len(small), len(large))


def _spread_over_versions(db, survey_id, other_id, dice):
    """Put a few answers under another survey, and some under a second version of it."""

    def work(connection):
        ids = connection.execute(select(Response.id).where(Response.score.is_not(None))).scalars()
        for response_id in sorted(ids):
            version = dice.choices([1, 2], weights=(9, 1))[0]
            of = dice.choices([survey_id, other_id], weights=(3, 1))[0]
            connection.execute(
                update(Response)
                .where(Response.id == response_id)
                .values(survey_id=of, version=version if of == other_id else 1)
            )
        first = connection.execute(
            select(SurveyVersion.content).where(SurveyVersion.survey_id == other_id)
        ).scalar_one()
        connection.execute(
            insert(SurveyVersion),
            {"survey_id": other_id, "number": 2, "content": first, "published_at": utc_now()},
        )

    db.write(work)


def test_a_look_at_late_answers_is_one_at_displays_for_a_viewer(db, project, make_survey):
    write(db, project.id, make_survey(), World(people=60, days=50))

    with db.read() as session:
        with pytest.raises(InvalidRequestError):
            levels.breakdown(session, Windows(), project.id, Question(), "answer_delay")
        rows = levels.breakdown(session, Windows(), project.id, Question(), "display_number")
    assert rows["rows"]


def test_a_viewer_gets_no_phrase_beside_its_words(db, project, make_survey):
    worlds = World(people=160, days=60, answers_each=1, scores=(2, 9))
    worlds.comments = ("very slow export", "slow", None, "love it")
    write(db, project.id, make_survey(), worlds)
    db.write(
        lambda c: c.execute(update(Response).where(Response.score == 9).values(comment="love it"))
    )

    with db.read() as session:
        every = comments.comments(session, Windows(), project.id, Question(sees_answers=True))
        few = comments.comments(session, Windows(), project.id, Question())

    assert any(" " in row["term"] for row in every["terms"])
    assert few["terms"]
    assert not any(" " in row["term"] for row in few["terms"])
    assert not any(row["quotes"] for row in few["terms"] + few["rows"])


def test_an_analyst_is_shown_everything(db, project, make_survey):
    write(db, project.id, make_survey(), World(people=3, answers_each=1, days=5, unanswered=0))

    with db.read() as session:
        view = look(session, Windows(), project.id, Question(sees_answers=True))

    assert len(view.answers) == 3
