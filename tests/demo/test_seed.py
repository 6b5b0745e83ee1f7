"""A seeded world is one that the real paths could have left behind."""

from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from backend.domain import activity, eligibility, tickets
from backend.domain.calendar import day_number
from backend.domain.flow import check_content
from backend.services import demo, profiles
from backend.services.demo import truth
from backend.services.demo.survey import content
from backend.storage.db import Database
from backend.storage.models import (
    Account,
    ApiKey,
    Decision,
    Project,
    Release,
    Response,
    SurveyDay,
    Ticket,
    UsageDay,
    User,
    UserSurvey,
)
from tests.demo.worlds import NOW, SMALL, rows_of, told

SUNDAY = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)


@pytest.fixture
def seeded(db: Database) -> demo.Seeded:
    return demo.seed(db, now=NOW, **SMALL)


def test_the_project_is_marked_as_a_demo_and_its_accounts_are_plainly_invented(db, seeded):
    with db.read() as session:
        project = session.execute(select(Project.__table__)).one()
    accounts = rows_of(db, Account, seeded.project_id)

    assert project.is_demo
    assert "demo" in project.name
    assert len(accounts) == SMALL["accounts"]
    assert all(row.traits["name"].startswith("Demo Account ") for row in accounts)


def test_the_keys_handed_over_are_those_of_the_project(db, seeded):
    keys = {row.kind: row for row in rows_of(db, ApiKey, seeded.project_id)}

    assert keys["publishable"].token == seeded.publishable_key
    assert seeded.secret_key.endswith(keys["secret"].suffix)


def test_profiles_are_what_the_job_would_compute(db, seeded, monkeypatch):
    def profile_columns(since):
        return {
            row.id: (row.features, row.pages, row.active_days)
            # Users' rows remember two months, so the job leaves older ranks as they are.
            + ((row.active_percentile, row.active_midrank) if row.invited_at > since else ())
            for row in rows_of(db, Response, seeded.project_id)
        }

    monkeypatch.setattr(profiles, "utc_now", lambda: NOW)
    before = profile_columns(NOW - timedelta(days=30))
    assert profiles.compute_pending(db) == 0
    db.write(lambda connection: connection.execute(update(Response).values(profiled_at=None)))

    assert profiles.compute_pending(db) == len(before)
    assert profile_columns(NOW - timedelta(days=30)) == before


def test_releases_are_marked_when_their_version_went_out(db, seeded):
    releases = {row.name: row.at for row in rows_of(db, Release, seeded.project_id)}
    first_used = defaultdict(lambda: NOW)
    for row in rows_of(db, Response, seeded.project_id):
        first_used[row.app_version] = min(first_used[row.app_version], row.invited_at)

    assert len(releases) == 3
    for name, at in releases.items():
        assert first_used[name.rpartition(" ")[2]] >= at


def test_recent_activity_agrees_with_the_usage_rows(db, seeded):
    days, last = defaultdict(set), defaultdict(dict)
    with db.read() as session:
        for row in session.execute(select(UsageDay.__table__)):
            days[row.user_key].add(row.day)
            last[row.user_key][row.name_id] = max(row.day, last[row.user_key].get(row.name_id, 0))

    for user in rows_of(db, User, seeded.project_id):
        anchor, bits = activity.merge_days(0, 0, sorted(days[user.key]))
        assert (user.activity_day, user.activity_bits) == (anchor, bits)
        assert activity.unpack_recent(user.recent_use) == last[user.key]
        assert user.first_seen_at <= user.last_seen_at <= NOW


def test_every_decision_replays_to_what_it_says(db, seeded):
    decisions = rows_of(db, Decision, seeded.project_id)

    for decision in decisions:
        (record,) = decision.evaluations
        evaluation = eligibility.replay(record)
        assert json.loads(json.dumps(evaluation.to_json())) == record["evaluation"]
        assert (decision.is_shown, decision.reason) == (evaluation.passed, evaluation.reason)
    assert {decision.is_shown for decision in decisions} == {True, False}


def test_each_invitation_has_a_ticket_and_each_ticket_at_most_one_response(db, seeded):
    shown = {row.id for row in rows_of(db, Decision, seeded.project_id) if row.is_shown}
    given = rows_of(db, Ticket, seeded.project_id)
    responses = rows_of(db, Response, seeded.project_id)

    assert {ticket.decision_id for ticket in given} == shown
    assert {row.ticket_hash for row in responses} <= {row.token_hash for row in given}
    assert all(row.invited_at <= row.created_at <= row.updated_at for row in responses)


def test_the_clocks_are_those_of_the_last_responses(db, seeded):
    with db.read() as session:
        clocks = {row.user_key: row for row in session.execute(select(UserSurvey.__table__))}
    by_user = defaultdict(list)
    for row in sorted(rows_of(db, Response, seeded.project_id), key=lambda row: row.invited_at):
        by_user[row.user_key].append(row)

    assert set(clocks) == set(by_user)
    for key, responses in by_user.items():
        answered = [row for row in responses if row.answered_at]
        assert clocks[key].shown_at == responses[-1].created_at
        assert [row.wave for row in answered] == list(range(len(answered)))
        assert clocks[key].answers == len(answered)
        assert clocks[key].answered_at == (answered[-1].answered_at if answered else None)
        assert clocks[key].last_score == (answered[-1].score if answered else None)


def test_users_know_when_they_were_last_asked(db, seeded):
    last_invited = {}
    for ticket in rows_of(db, Ticket, seeded.project_id):
        known = last_invited.get(ticket.user_key)
        last_invited[ticket.user_key] = max(filter(None, (known, ticket.issued_at)))

    for user in rows_of(db, User, seeded.project_id):
        assert user.last_invited_at == last_invited.get(user.key)
        assert user.open_ticket_until is None or user.open_ticket_until <= NOW


def test_the_days_count_their_invitations(db, seeded):
    issued = Counter(
        day_number(ticket.issued_at.date()) for ticket in rows_of(db, Ticket, seeded.project_id)
    )
    with db.read() as session:
        rows = session.execute(select(SurveyDay.day, SurveyDay.asked)).all()

    assert {row.day: row.asked for row in rows} == dict(issued)


def test_nothing_happens_after_now(db, seeded):
    today = day_number(NOW.date())
    with db.read() as session:
        days = session.scalars(select(UsageDay.day)).all()

    assert max(days) <= today
    assert today - SMALL["days"] - 6 < min(days) <= today - SMALL["days"] + 1
    assert max(row.updated_at for row in rows_of(db, Response, seeded.project_id)) <= NOW


def test_the_same_seed_tells_the_same_story_and_another_one_another(db, seeded):
    again = demo.seed(db, now=NOW, **SMALL)
    other = demo.seed(db, now=NOW, seed=2, **SMALL)

    story = told(db, seeded.project_id)
    assert story == told(db, again.project_id)
    assert story != told(db, other.project_id)
    assert again.secret_key != seeded.secret_key


@pytest.mark.parametrize("days", [0, 1, 4, 6])
def test_a_world_seeded_later_in_the_week_has_only_gone_on(sqlite_template, tmp_path, days):
    monday = SUNDAY - timedelta(days=6)
    now = monday.replace(hour=11) + timedelta(days=days)
    earlier, whole = (
        story_of(sqlite_template, tmp_path / name, now=until)
        for name, until in (("earlier.db", now), ("whole.db", SUNDAY))
    )

    assert earlier == [one for one in whole if one[1] < now - tickets.UNSHOWN_FOR]
    assert earlier


def story_of(template, path, *, now):
    shutil.copyfile(template, path)
    db = Database(f"sqlite:///{path}")
    try:
        # 36 days and six more are whole weeks: all of these times share one first Monday.
        return told(db, demo.seed(db, now=now, **SMALL | {"days": 36}).project_id)
    finally:
        db.close()


def test_somebody_new_is_asked_at_once(client, seeded):
    question = {"publishable_key": seeded.publishable_key, "user_id": "demo-visitor-1"}

    answer = client.post("/v1/decide", json=question | {"page": "/reports/42", "language": "de-AT"})

    assert answer.json["show"] is True
    assert (answer.json["survey_id"], answer.json["language"]) == (seeded.survey_id, "de")


def test_the_survey_is_one_that_could_be_saved():
    assert check_content(content()) == []


def test_a_world_needs_a_user_in_each_account(db):
    with pytest.raises(ValueError, match="every account needs a user"):
        demo.seed(db, now=NOW, accounts=5, users=4, days=10)


def test_what_is_planted_names_things_of_the_world():
    assert set(truth.PLANTED.features) <= set(truth.FEATURES)
    assert set(truth.PLANTED.pages) <= set(truth.PAGES)
    assert set(truth.PLANTED.roles) <= set(truth.ROLES)
    assert set(truth.PLANTED.releases) <= {version for version, _ in truth.VERSIONS}
    assert not set(truth.HEAVY_NULLS) & set(truth.PLANTED.features)
