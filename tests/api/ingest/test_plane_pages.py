"""Page views from the widget: counted once, only where they are wanted."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from backend.storage.models import Name, Project, UsageDay, User
from tests.conftest import ORIGIN


@pytest.fixture
def wanted(db, project):
    """The project has turned page views on."""

    def work(session):
        session.get(Project, project.id).page_views = True

    db.transact(work)


@pytest.fixture
def send(client, project):
    def call(views, *, headers=None, **given):
        document = {
            "publishable_key": project.publishable_key,
            "anonymous_id": "b1",
            "id": "v1",
            "views": views,
        } | given
        return client.post(
            "/v1/pages",
            data=json.dumps(document),
            headers={"Content-Type": "text/plain", "Origin": ORIGIN} | (headers or {}),
        )

    return call


def counted(db):
    query = select(Name.name, UsageDay.count, UsageDay.engaged_ms).join(
        Name, Name.id == UsageDay.name_id
    )
    with db.read() as session:
        return {(row.name, row.count, row.engaged_ms) for row in session.execute(query)}


def test_views_are_counted_by_template_with_the_time_in_use(db, wanted, send):
    views = [
        {"page": "/reports/1?x=1", "engaged_ms": 900},
        {"page": "/reports/2", "engaged_ms": 50},
    ]
    answer = send(views)
    assert (answer.status_code, answer.json) == (200, {"stored": 2})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert counted(db) == {("/reports/:id", 2, 950)}


def test_the_same_request_again_counts_nothing_more(db, wanted, send):
    view = [{"page": "/a", "engaged_ms": 1}]
    assert [send(view).json, send(view).json] == [{"stored": 1}] * 2
    send(view, anonymous_id="somebody-else")
    assert counted(db) == {("/a", 1, 1)}
    with db.read() as session:
        assert len(session.scalars(select(User.key)).all()) == 2


def test_a_project_that_did_not_turn_them_on_takes_none(db, send):
    answer = send([{"page": "/a", "engaged_ms": 1}])
    assert answer.status_code == 404
    assert counted(db) == set()


def test_a_browser_that_wants_no_tracking_is_heeded_unless_it_was_asked(db, wanted, send):
    view = [{"page": "/a", "engaged_ms": 1}]
    assert send(view, headers={"Sec-GPC": "1"}).json == {"stored": 0}
    assert counted(db) == set()
    assert send(view, headers={"Sec-GPC": "1"}, consent="granted").json == {"stored": 1}


def test_a_foreign_page_is_refused(db, wanted, send):
    answer = send([{"page": "/a"}], headers={"Origin": "https://evil.example.com"})
    assert answer.status_code == 403
    assert counted(db) == set()


def test_time_is_taken_within_reason(db, wanted, send):
    now = datetime.now(UTC)
    times = (now - timedelta(days=1), now + timedelta(hours=3), now - timedelta(days=300))
    views = [{"page": "/a", "engaged_ms": 10**12, "at": at.isoformat()} for at in times]
    assert send(views).status_code == 200
    with db.read() as session:
        days = dict(session.execute(select(UsageDay.day, UsageDay.count)).all())
        engaged = session.scalars(select(UsageDay.engaged_ms)).all()
    assert sorted(days.values()) == [1, 2]
    assert sum(engaged) == 3 * 4 * 3_600_000


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"id": ""}, "#/id"),
        ({"views": []}, "#/views"),
        ({"views": [{"page": "/a"}] * 101}, "#/views"),
        ({"views": [{"page": "/a"}, {"page": 7}]}, "#/views/1"),
        ({"views": [{"page": "/a", "engaged_ms": -1}]}, "#/views/0"),
        ({"views": [{"page": "/a", "engaged_ms": True}]}, "#/views/0"),
    ],
)
def test_what_is_wrong_is_named(db, wanted, send, given, pointer):
    answer = send(**{"views": [{"page": "/a"}]} | given)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json["errors"]] == [pointer]
    assert counted(db) == set()
