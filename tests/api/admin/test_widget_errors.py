"""The widget's own error report: strict, counted, bounded, read by an admin."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from backend.services import widget_errors
from backend.services.widget_errors import MOST, Report
from tests.conftest import ORIGIN

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
GIVEN = {"panel": "panel.3f9a1c02.js", "kind": "TypeError", "at": ["loader.js:1:99"]}


@pytest.fixture
def tell(client, project):
    def call(origin=ORIGIN, **given):
        document = {"publishable_key": project.publishable_key} | GIVEN | given
        return client.post(
            "/v1/widget-errors",
            data=json.dumps(document),
            headers={"Content-Type": "text/plain", "Origin": origin},
        )

    return call


def test_reports_are_counted_by_build_kind_and_place(call, project, tell):
    assert [tell().status_code for _ in range(3)] == [201] * 3
    answer = tell(kind="RangeError", at=[])
    assert answer.headers["Access-Control-Allow-Origin"] == "*"

    items = call("GET", "/widget-errors", project.viewer_token).json["items"]

    counted = {(one["kind"], one["place"], one["count"]) for one in items}
    assert counted == {("TypeError", "loader.js:1:99", 3), ("RangeError", "", 1)}
    assert items[0]["panel"] == GIVEN["panel"]


@pytest.mark.parametrize(
    "given, pointer",
    [
        ({"panel": "https://evil.example/x.js"}, "#/panel"),
        ({"panel": None}, "#/panel"),
        ({"kind": "TypeError: ada@example.com is not a function"}, "#/kind"),
        ({"kind": ""}, "#/kind"),
        ({"at": ["https://app.example.com/app.js:1:2"]}, "#/at"),
        ({"at": ["loader.js:1:99"] * 4}, "#/at"),
        ({"at": "loader.js:1:99"}, "#/at"),
    ],
)
def test_nothing_that_a_page_wrote_fits_through(call, project, tell, given, pointer):
    answer = tell(**given)

    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json["errors"]] == [pointer]
    assert call("GET", "/widget-errors", project.viewer_token).json["items"] == []


def test_another_origin_is_refused(tell):
    assert tell(origin="https://elsewhere.example.com").status_code == 403


def test_the_one_longest_not_seen_makes_room(db, project):
    for at in range(MOST + 2):
        report = Report("panel.3f9a1c02.js", "Error", f"loader.js:1:{at}")
        now = NOW + timedelta(minutes=at)
        db.transact(
            lambda session, report=report, now=now: widget_errors.count(
                session, project.id, report, now
            )
        )

    with db.read() as session:
        places = [one["place"] for one in widget_errors.latest(session, project.id)]
    assert len(places) == MOST
    assert places[0] == f"loader.js:1:{MOST + 1}"
    assert "loader.js:1:1" not in places
