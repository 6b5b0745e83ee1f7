"""An answer's usage profile: what the person did before the invitation, and nothing after it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from backend.services import profiles
from backend.storage.models import Name, Response, Ticket, User
from tests.answers import give

# Far enough from now that every event lies within the times that are taken.
INVITED = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=5)


@pytest.fixture
def answered(client, project, make_survey, db):
    """An answer whose invitation was at `INVITED`; returns a maker for other moments."""
    make_survey()
    give(client, project, "u1", 9)

    def at(moment):
        def work(connection):
            connection.execute(update(Ticket).values(issued_at=moment))
            connection.execute(update(Response).values(invited_at=moment, profiled_at=None))
            connection.execute(update(User).values(last_invited_at=moment))

        db.write(work)

    at(INVITED)
    return at


@pytest.fixture
def use(client, project):
    """Send uses of the person: `use(moment, "feature", "/page")`."""
    sent = []

    def send(moment, *names, user="u1"):
        events = []
        for name in names:
            sent.append(name)
            kind = {"type": "page", "properties": {"path": name}}
            if not name.startswith("/"):
                kind = {"type": "track", "event": name}
            times = {"timestamp": moment.isoformat(), "messageId": f"m{len(sent)}"}
            events.append(kind | times | {"userId": user})
        headers = {"Authorization": f"Bearer {project.secret_key}"}
        answer = client.post("/v1/batch", json={"batch": events}, headers=headers)
        assert answer.json["stored"] == len(events), answer.json

    return send


@pytest.fixture
def profile(db):
    """Compute what is pending and read the one profile."""

    def read():
        profiles.compute_pending(db)
        with db.read() as session:
            known = {row.id: row.name for row in session.execute(select(Name.id, Name.name))}
            row = session.scalars(select(Response)).one()
            assert row.profiled_at is not None
            return (
                sorted(known[each] for each in profiles.unpack(row.features)),
                sorted(known[each] for each in profiles.unpack(row.pages)),
                row.active_days,
            )

    return read


def days(count):
    return timedelta(days=count)


def test_features_pages_and_active_days_come_from_the_thirty_days_before(answered, use, profile):
    use(INVITED - days(31), "too_old", "/too/old")
    use(INVITED - days(30), "oldest")
    use(INVITED - days(10), "export_csv", "export_csv", "/reports/42")
    use(INVITED - days(1), "/home")

    assert profile() == (["export_csv", "oldest"], ["/home", "/reports/:id"], 3)


def test_what_others_did_is_not_in_it(answered, use, profile):
    use(INVITED - days(2), "mine")
    use(INVITED - days(2), "theirs", user="u2")

    assert profile() == (["mine"], [], 1)


def test_use_of_the_same_day_counts_until_the_invitation_and_not_as_an_active_day(
    answered, use, profile
):
    use(INVITED - timedelta(minutes=1), "before")
    use(INVITED + timedelta(minutes=1), "after", "/after")
    use(INVITED + days(1), "next_day")

    assert profile() == (["before"], [], 0)


def test_a_feature_used_before_and_after_counts_by_its_first_use(answered, use, profile):
    use(INVITED + timedelta(minutes=1), "export_csv")
    assert profile() == ([], [], 0)
    use(INVITED - timedelta(minutes=1), "export_csv")
    assert profile() == (["export_csv"], [], 0)


def test_an_answer_without_any_use_has_an_empty_profile(answered, profile):
    assert profile() == ([], [], 0)


def test_late_events_have_the_profile_computed_again(answered, use, profile, db):
    use(INVITED - days(3), "early")
    assert profile() == (["early"], [], 1)
    assert profiles.compute_pending(db) == 0

    use(INVITED - days(2), "late")

    assert profile() == (["early", "late"], [], 2)


def test_events_of_later_days_leave_the_profile_alone(answered, use, profile, db):
    profile()
    use(INVITED + days(2), "later")
    assert profiles.compute_pending(db) == 0


@pytest.mark.parametrize(
    ("timezone", "active_days"),
    # 23:30 UTC is the same day in New York (18:30 or 19:30) and the next in Tokyo (08:30).
    [("UTC", 1), ("America/New_York", 1), ("Asia/Tokyo", 0)],
)
def test_days_are_those_of_the_projects_time_zone(
    client, db, make_project, make_survey, timezone, active_days
):
    project = make_project(timezone=timezone)
    make_survey(project.id)
    give(client, project, "u1", 9)
    invited = INVITED.replace(hour=13)
    db.write(lambda connection: connection.execute(update(Response).values(invited_at=invited)))
    evening = (INVITED - days(1)).replace(hour=23, minute=30)
    event = {"type": "track", "event": "e", "userId": "u1", "timestamp": evening.isoformat()}
    headers = {"Authorization": f"Bearer {project.secret_key}"}
    assert client.post("/v1/batch", json={"batch": [event]}, headers=headers).status_code == 200

    profiles.compute_pending(db)

    with db.read() as session:
        row = session.scalars(select(Response)).one()
        assert len(profiles.unpack(row.features)) == 1
        assert row.active_days == active_days


def test_a_profile_is_packed_in_rising_order_and_read_back():
    assert profiles.pack([3, 1, 2**32 - 1]) == b"\1\0\0\0\3\0\0\0\xff\xff\xff\xff"
    assert profiles.unpack(profiles.pack({7, 5})) == (5, 7)
    assert profiles.unpack(None) == profiles.unpack(b"") == ()
