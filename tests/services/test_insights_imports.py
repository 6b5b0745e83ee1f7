import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from backend.domain.errors import InvalidRequestError, NotFoundError
from backend.services import imports, surveys
from backend.services.import_rows import Options, parse
from backend.services.insights import levels
from backend.services.insights.population import Populations
from backend.services.insights.question import Question
from backend.services.insights.windows import Windows
from backend.storage.models import UserSurvey

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
FILE = """Response ID,NPS Score,Feedback,Email,Company,Created At,Region
1,10,Great,ada@example.com,Acme,2026-05-01T10:00:00Z,EU
2,3,"Slow, sadly",bob@example.com,Acme,2026-05-02 11:30,US
3,8,,,,2026-05-03,EU
"""


def one(text, **options):
    return parse(text, Options(**options), UTC, NOW)


def test_usual_headings_are_found_and_the_rest_is_told():
    parsed = one(FILE)

    assert parsed.columns == {
        "source_id": "Response ID",
        "score": "NPS Score",
        "comment": "Feedback",
        "user_id": "Email",
        "account_id": "Company",
        "answered_at": "Created At",
    }
    assert parsed.ignored == ["Region"]
    assert [row.score for row in parsed.rows] == [10, 3, 8]
    assert parsed.rows[1].comment == "Slow, sadly"
    assert parsed.faults == []


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("NPS Rating,Additional Feedback,Person Email,Response Date", (0, 1, 2, 3)),
        ("Respondent ID,End Date,Email Address,Rating,Comments", (3, 4, 2, 1)),
        ("timestamp;distinct_id;score;feedback", (2, 3, 1, 0)),
        ("created_at\tuser_email\tnps\tnps_comment", (2, 3, 1, 0)),
    ],
)
def test_headings_as_other_tools_write_them_are_recognised(heading, expected):
    names = re.split("[,;\t]", heading)

    columns = one(heading + "\n").columns

    members = ("score", "comment", "user_id", "answered_at")
    assert tuple(columns[member] for member in members) == tuple(names[i] for i in expected)


@pytest.mark.parametrize(
    ("line", "column", "detail"),
    [
        ("4,11,,u,,2026-05-01,", "NPS Score", "whole number"),
        ("4,7.5,,u,,2026-05-01,", "NPS Score", "whole number"),
        ("4,,,u,,2026-05-01,", "NPS Score", "whole number"),
        ("4,9,,u,,May 1st,", "Created At", "name its format"),
        ("4,9,,u,,,", "Created At", "name its format"),
        ("4,9,,u,,2126-05-01,", "Created At", "between 1990 and now"),
        ("4,9,,u\x07,,2026-05-01,", "Email", "no control ones"),
        ("4,9," + "x" * 4001 + ",u,,2026-05-01,", "Feedback", "4,000"),
        ("3,9,,u,,2026-05-01,", "Response ID", "there before"),
    ],
)
def test_a_faulty_line_is_left_out_and_told(line, column, detail):
    parsed = one(FILE + line + "\n")

    assert [row.source for row in parsed.rows] == ["1", "2", "3"]
    (fault,) = parsed.faults
    assert (fault.line, fault.column) == (5, column)
    assert detail in fault.detail


@pytest.mark.parametrize(
    ("text", "options", "detail"),
    [
        ("", {}, "No column holds the score"),
        ("a,b\n1,2\n", {}, "No column holds the score"),
        ("score,date\n", {"columns": {"score": "missing"}}, "There is no such column."),
        ("score,date\n", {"traits": ["missing"]}, "There is no such column."),
    ],
)
def test_a_heading_that_cannot_be_used_is_told(text, options, detail):
    assert any(detail in fault.detail for fault in one(text, **options).faults)


def test_formats_and_delimiters_of_other_countries_can_be_named():
    parsed = one(
        "Note;Datum\n9;31/12/2025 23:59\n",
        columns={"score": "Note", "answered_at": "Datum"},
        time_format="%d/%m/%Y %H:%M",
    )

    assert parsed.rows[0].answered_at == datetime(2025, 12, 31, 23, 59, tzinfo=UTC)


def test_a_dry_run_stores_nothing_and_a_second_import_adds_nothing(db, project, make_survey):
    survey_id = make_survey()
    seen = []

    def run(dry_run):
        result = imports.run(
            db,
            project.id,
            survey_id,
            FILE + "4,12,,,,2026-05-01,\n",
            Options(traits=("Region",)),
            actor="test",
            dry_run=dry_run,
            progress=lambda done, of: seen.append((done, of)),
        )
        return result["imported"], result["already_there"], result["faulty"]

    assert [run(True), run(False), run(False), run(True)] == [
        (3, 0, 1),
        (3, 0, 1),
        (0, 3, 1),
        (0, 3, 1),
    ]
    assert seen[-1] == (3, 3)


def test_imported_answers_count_in_insights_and_let_people_rest(db, project, make_survey):
    survey_id = make_survey()
    imports.run(db, project.id, survey_id, FILE, Options(), actor="test", dry_run=False)
    question = Question(since=datetime(2026, 4, 1, tzinfo=UTC), sees_answers=True)

    with db.read() as session:
        score = levels.score(session, Windows(), project.id, question, Populations())
        last_scores = session.scalars(select(UserSurvey.last_score)).all()

    assert score["n"] == 3
    assert sorted(last_scores) == [3, 8, 10]


def test_only_a_published_survey_with_an_nps_takes_answers(db, project, make_survey, make_project):
    foreign = make_survey(make_project().id)
    with pytest.raises(NotFoundError):
        imports.run(db, project.id, foreign, FILE, Options(), actor="test")
    with pytest.raises(NotFoundError):
        imports.run(db, project.id, "srv_none", FILE, Options(), actor="test")


def test_a_draft_takes_no_answers(db, project):
    survey_id = db.transact(lambda session: surveys.create(session, project.id, name="Draft").id)

    with pytest.raises(InvalidRequestError):
        imports.run(db, project.id, survey_id, FILE, Options(), actor="test")
