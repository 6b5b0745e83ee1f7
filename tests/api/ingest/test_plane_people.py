"""Who an event is about: a browser that turns out to be a user, and clocks that are wrong."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from backend.domain.activity import unpack_recent
from backend.domain.calendar import day_number
from backend.domain.limits import NAMES
from backend.services import profiles
from backend.storage import links
from backend.storage.models import Name, Response, UsageDay, User, UserSurvey
from backend.storage.usage.sql import SQL
from tests import answers
from tests.conftest import ORIGIN

NOW = datetime.now(UTC).replace(microsecond=0)
TODAY = day_number(NOW.date())
_numbers = itertools.count()


def text(at):
    return at.isoformat().replace("+00:00", "Z")


def track(event="export", at=NOW, **who):
    message = {"messageId": f"m{next(_numbers)}", "timestamp": text(at)}
    return {"type": "track", "event": event} | message | who


@pytest.fixture
def send(client, project):
    def call(*events, headers=None, path="/v1/batch", body=None, **batch):
        return client.post(
            path,
            json=body or {"batch": list(events)} | batch,
            headers={"Authorization": f"Bearer {project.secret_key}"} | (headers or {}),
        )

    return call


@pytest.fixture
def person(db, project):
    def call(user_id, is_anonymous=False):
        with db.read() as session:
            found = session.scalars(
                select(User).where(User.user_id == user_id, User.is_anonymous == is_anonymous)
            ).one()
            session.expunge(found)
            return found

    return call


@pytest.fixture
def use(db, person):
    """What a person used, under whichever of their ids: {name: count}."""

    def call(user_id, is_anonymous=False):
        key = person(user_id, is_anonymous).key
        with db.read() as session:
            connection = session.connection()
            names = dict(session.execute(select(Name.id, Name.name)).all())
            found: dict[str, int] = {}
            for row in SQL.timeline(connection, links.keys_of(connection, key)):
                found[names[row.name_id]] = found.get(names[row.name_id], 0) + row.count
            return found

    return call


def test_what_a_browser_did_is_its_users_once_an_event_names_both(send, person, use):
    early = NOW - timedelta(days=20)
    send(track("search", early, anonymousId="b1"), track("search", anonymousId="b1"))
    send(track("export", userId="u1"))
    assert use("u1") == {"export": 1}
    send(track("login", userId="u1", anonymousId="b1"))
    assert use("u1") == {"search": 2, "export": 1, "login": 1}
    user = person("u1")
    assert user.first_seen_at == early
    assert user.activity_bits >> 20 & 1
    assert len(unpack_recent(user.recent_use)) == 3


def test_linking_again_counts_nothing_twice(send, use):
    send(track("search", anonymousId="b1"))
    for _ in range(3):
        send(track("login", userId="u1", anonymousId="b1"))
        send({"type": "identify", "userId": "u1", "anonymousId": "b1", "traits": {}})
    assert use("u1") == {"search": 1, "login": 3}
    assert use("b1", is_anonymous=True) == use("u1")


def test_late_events_of_a_linked_browser_follow_its_user(send, person, use):
    send({"type": "identify", "userId": "u1", "anonymousId": "b1"})
    send(track("offline", NOW - timedelta(days=3), anonymousId="b1"))
    assert use("u1") == {"offline": 1}
    assert person("u1").activity_day == TODAY - 3
    assert person("b1", is_anonymous=True).activity_bits == 0


def test_one_batch_may_hold_the_browser_its_user_and_the_link(send, use):
    send(
        track("search", anonymousId="b1"),
        {"type": "identify", "userId": "u1", "anonymousId": "b1"},
        track("export", userId="u1"),
        track("search", anonymousId="b1"),
    )
    assert use("u1") == {"search": 2, "export": 1}


def test_a_browser_stays_with_the_first_user_it_was_linked_to(send, use):
    send(track("login", userId="u1", anonymousId="b1"))
    send(track("login", userId="u2", anonymousId="b1"), track("search", anonymousId="b1"))
    assert use("u1") == {"login": 1, "search": 1}
    assert use("u2") == {"login": 1}


def test_an_alias_gives_a_user_the_past_of_an_earlier_id(send, use):
    send(track("old", userId="old-id"), track("browse", anonymousId="b1"))
    send({"type": "identify", "userId": "old-id", "anonymousId": "b1"})
    answer = send(path="/v1/alias", body={"userId": "u1", "previousId": "old-id"})
    assert answer.json["stored"] == 1
    send(track("later", anonymousId="b1"), track("late", userId="old-id"))
    assert use("u1") == {"old": 1, "browse": 1, "later": 1, "late": 1}


def test_an_alias_of_nobody_is_kept_for_when_they_come(send, use):
    send({"type": "alias", "userId": "u1", "previousId": "b9"})
    send(track("search", anonymousId="b9"))
    assert use("u1") == {"search": 1}
    assert send({"type": "alias", "userId": "u1"}).json["rejected"] == 1


def test_rests_of_a_browser_hold_for_its_user(client, db, project, make_survey, send):
    survey = make_survey()
    answers.give(client, project, None, 9, anonymous_id="b1")
    send({"type": "identify", "userId": "u1", "anonymousId": "b1"})
    asked = {"publishable_key": project.publishable_key, "user_id": "u1", "page": "/"}
    told = client.post("/v1/decide", json=asked, headers={"Origin": ORIGIN}).json
    assert (told["show"], told["reason"]) == (False, "rested_after_answer")
    with db.read() as session:
        assert session.scalars(select(UserSurvey.survey_id)).all() == [survey]


def test_a_profile_has_what_its_browsers_did(client, db, project, make_survey, send):
    make_survey()
    send(track("search", NOW - timedelta(days=2), anonymousId="b1"))
    send(track("export", NOW - timedelta(days=1), userId="u1", anonymousId="b1"))
    answers.give(client, project, "u1", 9)
    profiles.compute_pending(db)
    with db.read() as session:
        response = session.scalars(select(Response)).one()
        assert len(profiles.unpack(response.features)) == 2
        assert response.active_days == 2


def test_linking_after_the_answer_has_the_profile_computed_again(
    client, db, project, make_survey, send
):
    make_survey()
    send(track("search", NOW - timedelta(days=2), anonymousId="b1"))
    answers.give(client, project, "u1", 9)
    profiles.compute_pending(db)
    send({"type": "identify", "userId": "u1", "anonymousId": "b1"})
    assert profiles.compute_pending(db) == 1
    with db.read() as session:
        assert session.scalars(select(Response.active_days)).one() == 1


@pytest.mark.parametrize("by_header", [True, False])
def test_a_senders_wrong_clock_is_set_right(send, db, by_header):
    now = datetime.now(UTC).replace(microsecond=0)
    wrong = now - timedelta(days=3)
    event = track(at=wrong - timedelta(minutes=5), userId="u1")
    # sentAt stays as it was sealed when a batch is sent again; the header is of each try.
    given = (
        {"headers": {"X-Sent-At": text(wrong)}, "sentAt": text(now)}
        if by_header
        else {"sentAt": text(wrong)}
    )
    assert send(event, **given).json["stored"] == 1
    with db.read() as session:
        [first_seen] = session.scalars(select(User.first_seen_at))
    assert abs(first_seen - (now - timedelta(minutes=5))) < timedelta(minutes=2)


def test_a_difference_below_a_minute_is_the_networks(send, db):
    now = datetime.now(UTC).replace(microsecond=0)
    send(track(userId="u1", at=now), sentAt=text(now - timedelta(seconds=20)))
    with db.read() as session:
        assert session.scalars(select(User.first_seen_at)).one() == now


@pytest.mark.parametrize("sent", ["yesterday", "2026-01-01T00:00:00", 7, None])
def test_an_unclear_sent_time_changes_nothing(send, db, sent):
    assert send(track(userId="u1"), sentAt=sent).json["stored"] == 1
    with db.read() as session:
        assert session.scalars(select(User.first_seen_at)).one() == NOW


def test_engaged_time_and_templates_of_pages_are_added_up(send, db):
    def page(path, engaged):
        return {
            "type": "page",
            "userId": "u1",
            "properties": {"path": path, "engaged_ms": engaged},
            "timestamp": text(NOW),
        }

    send(page("/reports/17?token=x#y", 1_500), page("/reports/18", 500), page("/reports", "much"))
    query = select(Name.name, UsageDay.count, UsageDay.engaged_ms).join(
        Name, Name.id == UsageDay.name_id
    )
    with db.read() as session:
        found = {tuple(row) for row in session.execute(query)}
    assert found == {("/reports/:id", 2, 2_000), ("/reports", 1, 0)}


def test_trait_names_past_the_cap_are_not_kept_and_that_is_reported(
    client, project, send, person, monkeypatch
):
    monkeypatch.setitem(NAMES, "trait", 3)

    def identify(**traits):
        event = {"type": "identify", "userId": "u1", "traits": traits}
        assert send(event).json["stored"] == 1

    def reported():
        answer = client.get(
            "/api/v1/features?kind=trait",
            headers={"Authorization": f"Bearer {project.viewer_token}"},
        )
        return len(answer.json["items"]), answer.json["names_over_cap"]

    identify(role="admin", plan="pro")
    assert reported() == (2, False)
    identify(a=1, b=2, role="owner")
    assert person("u1").traits == {"role": "owner", "plan": "pro", "a": 1}
    assert reported() == (3, True)
    identify(b=None, plan=None)
    assert person("u1").traits == {"role": "owner", "a": 1}
    send({"type": "group", "userId": "u1", "groupId": "acme", "traits": {"c": 1, "role": "x"}})
    assert reported() == (3, True)
