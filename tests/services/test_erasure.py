"""Erasing a person: nothing of them is left anywhere, and nothing comes back."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from backend.services import erasure, retention
from backend.services.clock import utc_now
from backend.services.erased import ErasedList
from backend.services.ledger import Ledger
from backend.services.restoring import ForeignLedgerError, reconcile
from backend.storage import decisions, people
from backend.storage.models import (
    AuditEntry,
    Base,
    Decision,
    ErasedPerson,
    Response,
    Ticket,
    UsageDay,
    User,
)
from backend.storage.usage.sql import SQL
from tests import answers
from tests.conftest import ORIGIN

CANARY = "canary-person-7"


@pytest.fixture
def means(app, config):
    state = app.extensions["zeroten"]
    return erasure.Means(state.db, state.vault, state.usage, Ledger(config.data_dir))


@pytest.fixture
def track(client, project):
    """Send an event as a server of the host does."""

    def send(number=1, given=project, **more):
        event = {"type": "track", "event": "export", "userId": CANARY, "messageId": f"m{number}"}
        headers = {"Authorization": f"Bearer {given.secret_key}"}
        return client.post("/v1/batch", json={"batch": [event | more]}, headers=headers).json

    return send


@pytest.fixture
def person(client, project, make_survey, track):
    """Somebody with usage, a linked browser, a decision, a ticket, an answer and traits."""
    make_survey()
    track(1, anonymousId="canary-browser-7")
    identify = {"type": "identify", "traits": {"email": "canary@example.com"}, "event": None}
    track(2, **identify)
    answers.give(client, project, CANARY, 3, "I am canary Jones", traits={"plan": "canary-plan"})
    return CANARY


def dump(db, *, without=()):
    with db.read() as session:
        return "\n".join(
            f"{name} {tuple(row)!r}"
            for name, table in Base.metadata.tables.items()
            if name not in without
            for row in session.execute(select(table))
        )


def count(db, model):
    with db.read() as session:
        return session.execute(select(func.count()).select_from(model)).scalar_one()


def decide(client, project, **question):
    document = {"publishable_key": project.publishable_key, "page": "/x"} | question
    return client.post("/v1/decide", json=document, headers={"Origin": ORIGIN})


def test_an_erased_person_is_in_no_table(means, db, project, person):
    assert "canary" in dump(db)

    removed = erasure.erase(means, project.id, person, actor="cli")

    assert removed == {"mode": "erase", "ids": 2, "responses": 1, "decisions": 1}
    assert "canary" not in dump(db)
    for model in (User, Response, Decision, Ticket, UsageDay):
        assert count(db, model) == 0, model


def test_the_audit_log_tells_of_an_erasure_without_the_id(means, db, project, person):
    erasure.erase(means, project.id, person, actor="tok_1")

    with db.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "user.erase")).one()
        assert (entry.actor, entry.subject[:5]) == ("tok_1", "user:")


def test_an_erased_browser_takes_its_user_along(means, db, project, person):
    erasure.erase(means, project.id, "canary-browser-7", is_anonymous=True, actor="cli")

    assert "canary" not in dump(db)


def test_what_was_let_in_just_before_an_erasure_is_erased_again(means, db, project, person, app):
    erasure.erase(means, project.id, person, actor="cli")
    # A batch that had passed the list's check, and is written only now; and somebody else's.
    for user_id in (CANARY, "somebody-else"):
        db.write(
            lambda connection, user_id=user_id: people.add_user(
                connection, project.id, user_id, False, utc_now()
            )
        )
    assert "canary" in dump(db)

    assert erasure.sweep_late(means.vault, db, means.usage) == 1

    assert "canary" not in dump(db)
    assert count(db, User) == 1
    assert erasure.sweep_late(means.vault, db, means.usage) == 0


def test_others_stay_as_they_are(means, db, client, project, person, make_project):
    other = make_project(name="Other")
    answers_before = count(db, Response)
    headers = {"Authorization": f"Bearer {other.secret_key}"}
    event = {"type": "track", "event": "export", "userId": CANARY, "messageId": "o1"}
    client.post("/v1/batch", json={"batch": [event]}, headers=headers)

    erasure.erase(means, project.id, person, actor="cli")

    assert answers_before == 1
    with db.read() as session:
        assert session.scalars(select(User.project_id)).all() == [other.id]


def test_late_events_of_an_erased_person_are_rejected(means, db, project, person, track):
    erasure.erase(means, project.id, person, actor="cli")

    for more in ({}, {"userId": "other", "anonymousId": "canary-browser-7"}):
        told = track(8, **more)
        assert (told["stored"], told["rejected"]) == (0, 1)
        assert told["errors"][0]["code"] == "user-erased"
    assert track(9, userId="somebody-else")["stored"] == 1
    assert "canary-person" not in dump(db, without=("batches",))


def test_an_erased_person_is_not_asked_again_and_an_open_ticket_is_gone(
    means, db, client, project, make_survey
):
    make_survey()
    ticket = decide(client, project, user_id=CANARY).json["ticket"]
    erasure.erase(means, project.id, CANARY, actor="cli")

    said = {"publishable_key": project.publishable_key, "ticket": ticket, "revision": 1}
    said |= {"state": "scored", "score": 9}
    late = client.post("/v1/responses", json=said, headers={"Origin": ORIGIN})
    again = decide(client, project, user_id=CANARY)

    for refused in (late, again):
        assert (refused.status_code, refused.json["type"]) == (410, "/problems/user-erased")
    assert count(db, User) == 0


def test_anonymising_keeps_the_score_and_nothing_else(means, db, project, person):
    removed = erasure.erase(means, project.id, person, mode="anonymise", actor="cli")

    assert removed["responses"] == 1
    assert "canary" not in dump(db)
    with db.read() as session:
        kept = session.scalars(select(Response)).one()
        assert (kept.score, kept.comment, kept.traits, kept.plan) == (3, None, {}, None)
        decision = session.get(Decision, kept.decision_id)
        assert (decision.evaluations, decision.user_key) == ([], kept.user_key)
        assert session.get(User, kept.user_key).is_anonymous


def test_an_unknown_person_cannot_be_erased(means, db, project):
    from backend.domain.errors import NotFoundError

    with pytest.raises(NotFoundError):
        erasure.erase(means, project.id, "nobody", actor="cli")
    assert count(db, ErasedPerson) == 0


def test_a_restored_backup_is_clean_before_it_is_used(
    means, db, config, project, person, track, tmp_path
):
    saved = _backup(db)
    erasure.erase(means, project.id, person, actor="cli")
    _restore(db, saved)
    assert "canary" in dump(db)

    removed = reconcile(means)

    assert removed == 2
    assert "canary" not in dump(db)
    fresh = ErasedList(db, means.vault)
    assert fresh.among(project.id, [(CANARY, False), ("x", False)]) == {(CANARY, False)}
    assert reconcile(means) == 0


def test_a_lost_file_of_erasures_is_written_anew(means, db, config, project, person):
    erasure.erase(means, project.id, person, actor="cli")
    path = config.data_dir / "erasures.jsonl"
    before = path.read_text()
    assert CANARY not in before
    path.unlink()

    reconcile(means)

    assert len(path.read_text().splitlines()) == len(before.splitlines()) == 3


def test_a_line_cut_short_by_a_crash_is_passed_over(means, db, config, project, person):
    erasure.erase(means, project.id, person, actor="cli")
    path = config.data_dir / "erasures.jsonl"
    path.write_bytes(path.read_bytes() + b'{"project_id": "prj')

    assert reconcile(means) == 0


def test_the_file_of_another_database_stops_the_start(means, db, config, project, person):
    erasure.erase(means, project.id, person, actor="cli")
    Ledger(config.data_dir / "other").add(means.vault, b"k" * 32, [])
    shutil.copyfile(
        config.data_dir / "other" / "erasures.jsonl", config.data_dir / "erasures.jsonl"
    )

    with pytest.raises(ForeignLedgerError):
        reconcile(means)


def test_retention_deletes_what_is_past_its_time_and_nothing_else(
    means, db, client, project, make_survey, track
):
    make_survey()
    answers.give(client, project, "old", 3)
    answers.give(client, project, "new", 9)
    decide(client, project, user_id="asked-long-ago", manual=False)
    track(1, userId="old", timestamp=(utc_now() - timedelta(days=399)).isoformat())
    track(2, userId="old")
    past = utc_now() - timedelta(days=401)
    with db.read() as session:
        keys = {row.user_id: row.key for row in session.execute(select(User.user_id, User.key))}
    for model, column in ((Decision, "at"), (Ticket, "issued_at")):
        for name in ("old", "asked-long-ago"):
            db.write(
                lambda connection, model=model, column=column, name=name: connection.execute(
                    update(model).where(model.user_key == keys[name]).values(**{column: past})
                )
            )
    db.transact(
        lambda session: retention.change(
            session, project.id, {"events_days": 398}, actor="cli", if_match=frozenset("*")
        )
    )

    retention.enforce(db, SQL)

    with db.read() as session:
        left = {row.user_key: row.evaluations for row in session.scalars(select(Decision))}
        assert left[keys["old"]] == [], "answered: the row stays, what it looked at does not"
        assert left[keys["new"]] != []
        assert keys["asked-long-ago"] not in left
        assert set(session.scalars(select(Ticket.user_key))) == {keys["new"]}
    assert count(db, Response) == 2
    assert count(db, UsageDay) == 1


def _backup(db):
    with db.read() as session:
        return {
            table: [dict(row._mapping) for row in session.execute(select(table))]
            for table in Base.metadata.sorted_tables
        }


def _restore(db, saved):
    def work(connection):
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
        for table in Base.metadata.sorted_tables:
            if saved[table]:
                connection.execute(table.insert(), saved[table])

    db.transact(lambda session: work(session.connection()))


def test_a_decision_that_meets_an_erasure_says_so(means, client, project, person, monkeypatch, app):
    """Refused people are not locked: one may be erased between the look and the writing."""
    add = decisions.add
    erased = []

    def erased_just_before(*given):
        # SQLite has one writer at a time, so that it cannot come to this there.
        if not erased and not app.extensions["zeroten"].db.is_sqlite:
            erased.append(erasure.erase(means, project.id, person, actor="cli"))
        return add(*given)

    monkeypatch.setattr(decisions, "add", erased_just_before)

    answer = decide(client, project, user_id=person)

    assert answer.status_code == (410 if erased else 200)
