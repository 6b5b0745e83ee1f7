from html.parser import HTMLParser

import pytest

from backend.services import report, report_html
from backend.services.insights.question import Question
from tests.api.admin.insights_world import World, write


def test_the_report_is_one_page_of_text_and_html(db, project, make_survey):
    write(db, project.id, make_survey(), World(people=200))

    page = report.gather(db, project.id, Question(sees_answers=True))
    text, html = report.text(page), report_html.html(page)

    for title in ("The score", "Who answered", "Month by month", "By role", "Comments"):
        assert title in text
        assert title in html
    assert "<svg" in html
    assert "http" not in html
    HTMLParser().feed(html)


def test_what_users_wrote_is_text_in_html(db, project, make_survey):
    roles = ("<script>alert(1)</script>", "b")
    write(db, project.id, make_survey(), World(people=60, days=30, roles=roles))

    html = report_html.html(report.gather(db, project.id, Question(sees_answers=True)))

    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("sees_answers", [True, False])
def test_an_empty_project_has_a_report_too(db, project, sees_answers):
    page = report.gather(db, project.id, Question(sees_answers=sees_answers))

    assert "No answers yet." in report.text(page)
    assert "No answers yet." in report_html.html(page)
    assert ("Worth a call" in report.text(page)) is sees_answers
