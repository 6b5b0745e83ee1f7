"""Use that a busy server leaves for later is in people's rows in the end, and nobody else's."""

import contextlib
import itertools
import random
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, insert, select, update

from backend.api.ingest.wire import AnyEvent
from backend.domain.activity import days_of, unpack_recent
from backend.domain.errors import NotFoundError, StorageUnavailableError
from backend.services import erasure, ingest_load, project_deletion
from backend.services.clock import utc_now
from backend.services.ingest import Ingest, Waiting, terms_of
from backend.services.ingest_batch import Batch
from backend.services.ledger import Ledger
from backend.services.published import Published
from backend.storage.models import ErasedPerson, Name, PendingUse, Project, Response, UsageDay, User
from backend.storage.turns import Piece
from backend.storage.usage import pending, person_rows, removing, user_keys
from backend.storage.usage.sql import SQL, SqlUsage
from tests import answers

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = int(NOW.timestamp() // 86_400)


class Usage(SqlUsage):
    """Cannot store a row of 13 uses."""

    def record(self, connection, batch):
        if any(row[3] == 13 for row in batch.rows):
            raise ValueError
        return super().record(connection, batch)


@pytest.fixture
def count(db, project, erased):
    """Count batches of events together; return the errors."""
    ingest, published, keys = Ingest(db, Usage(), erased), Published(db), itertools.count()

    def run(*batches):
        project_now = published.project(project.id)
        pieces = []
        for events in batches:
            terms = terms_of(project_now, NOW, f"batch-{next(keys)}")
            pieces.append(Piece(Waiting(project_now, Batch(events, terms), NOW)))
        ingest._serve(pieces)
        return [type(piece.error) for piece in pieces if piece.error]

    return run


@pytest.fixture
def means(db, app, config):
    return erasure.Means(db, app.extensions["zeroten"].vault, SQL, Ledger(config.data_dir))


def used(who, *names, days_ago=0, at=NOW, **more):
    more |= {"anonymousId": who} if who.startswith("browser") else {"userId": who}
    at -= timedelta(days=days_ago)
    return [AnyEvent(type="track", event=name, timestamp=at, **more) for name in names]


def own_rows(db):
    """Return what people's own rows say: names with their days ago, and active days ago."""
    with db.read() as session:
        names = dict(session.execute(select(Name.id, Name.name)).all())
        return {
            person.user_id: (
                {
                    names[each]: TODAY - day
                    for each, day in unpack_recent(person.recent_use).items()
                },
                [TODAY - day for day in days_of(person.activity_day, person.activity_bits)],
            )
            for person in session.scalars(select(User))
        }


def recent_of(person):
    return unpack_recent(person.recent_use).items()


def number_of(db, model):
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(model))


def test_a_batch_alone_is_in_peoples_rows_at_once(db, count):
    count(used("u1", "export"))
    assert own_rows(db) == {"u1": ({"export": 0}, [0])}
    assert number_of(db, PendingUse) == 0


def test_batches_that_wait_for_each_other_are_noted_a_moment_later(db, count):
    count(used("u1", "export", "share", days_ago=3), used("u1", "export"), used("u2", "share"))
    assert number_of(db, UsageDay) == 4
    assert own_rows(db) == {"u1": ({}, []), "u2": ({}, [])}
    assert pending.fold(db) == 2
    assert own_rows(db) == {"u1": ({"export": 0, "share": 3}, [3, 0]), "u2": ({"share": 0}, [0])}
    assert number_of(db, PendingUse) == pending.fold(db) == 0


def test_first_and_last_seen_are_those_of_all_that_waited(db, count):
    count(used("u1", "a"), used("u2", "a"))
    count(used("u1", "a", days_ago=9), used("u1", "a", at=NOW + timedelta(hours=2)))
    pending.fold(db)
    with db.read() as session:
        person = session.scalars(select(User).where(User.user_id == "u1")).one()
        assert person.first_seen_at == NOW - timedelta(days=9)
        assert person.last_seen_at == NOW + timedelta(hours=2)


def test_a_busy_second_ends(db, count, monkeypatch):
    count(used("u1", "export"), used("u2", "export"))
    count(used("u3", "export"))
    assert own_rows(db)["u3"] == ({}, [])
    monkeypatch.setattr(ingest_load.time, "monotonic", lambda: 1e12)
    count(used("u4", "export"))
    assert own_rows(db)["u4"] == ({"export": 0}, [0])


def test_a_server_that_does_not_keep_up_leaves_no_more(db, count, monkeypatch):
    monkeypatch.setattr(pending, "MOST_GROUPS", 1)
    for number in range(5):
        count(used(f"u{number}", "a"), used(f"v{number}", "a"))
    assert number_of(db, PendingUse) == 3
    assert [own_rows(db)[f"u{number}"][1] for number in range(5)] == [[], [], [], [0], [0]]


def test_people_met_before_are_neither_missed_nor_doubled(db, count):
    count(used("u1", "a"), used("browser-1", "a"))
    count(used("u1", "a"), used("browser-1", "b"), used("u2", "a"))
    pending.fold(db)
    assert own_rows(db) == {
        "u1": ({"a": 0}, [0]),
        "browser-1": ({"a": 0, "b": 0}, [0]),
        "u2": ({"a": 0}, [0]),
    }
    assert number_of(db, UsageDay) == 4


def test_a_browser_linked_meanwhile_gives_its_use_to_its_user(db, count):
    count(used("browser-1", "a", days_ago=5), used("u1", "b"))
    alias = AnyEvent(type="alias", userId="u1", previousId="browser-1", timestamp=NOW)
    count([alias], used("u1", "c", days_ago=1))
    count(used("browser-1", "d", days_ago=2), used("browser-2", "d"))
    pending.fold(db)
    assert own_rows(db)["u1"] == ({"a": 5, "b": 0, "c": 1, "d": 2}, [5, 2, 1, 0])
    assert own_rows(db)["browser-1"] == ({}, [])


def test_whoever_is_erased_meanwhile_leaves_nothing_to_whom_gets_their_key(
    db, project, count, means
):
    count(used("u1", "a"), used("u2", "secret"))
    erasure.erase(means, project.id, "u2", actor="cli")
    assert own_rows(db) == {"u1": ({"a": 0}, [0])}
    count(used("u3", "a"), used("u1", "b"))
    pending.fold(db)
    assert own_rows(db) == {"u1": ({"a": 0, "b": 0}, [0]), "u3": ({"a": 0}, [0])}
    assert number_of(db, UsageDay) == 3


def test_keys_of_people_who_were_removed_are_looked_up_again(db, project, count, means):
    count(used("u1", "a"), used("u2", "a"))
    erasure.erase(means, project.id, "u1", actor="cli")
    db.write(lambda connection: connection.execute(delete(ErasedPerson)))
    db.generation += 1
    count(used("u1", "b"), used("u2", "b"))
    pending.fold(db)
    assert own_rows(db) == {"u1": ({"b": 0}, [0]), "u2": ({"a": 0, "b": 0}, [0])}
    with db.read() as session:
        orphans = select(UsageDay).where(UsageDay.user_key.not_in(select(User.key)))
        assert session.scalars(orphans).all() == []


def test_a_project_is_deleted_with_what_waits_for_it(db, project, count):
    count(used("u1", "a"), used("u2", "a"))
    project_deletion.delete_project(db, SQL, project.id, actor="cli", if_match=frozenset({"*"}))
    assert [number_of(db, each) for each in (PendingUse, User, UsageDay, Project)] == [0] * 4


def test_people_of_a_group_that_was_undone_are_not_remembered(db, count):
    wrong = used("u1", *"a" * 13)
    assert count(wrong, used("u2", "a")) == [ValueError]
    assert count(used("u1", "a"), used("u2", "a")) == []
    pending.fold(db)
    assert own_rows(db) == {"u1": ({"a": 0}, [0]), "u2": ({"a": 0}, [0])}


def test_noting_that_was_cut_short_is_done_again(db, count, monkeypatch):
    monkeypatch.setattr(pending, "PIECE", 1)
    count(*(used(f"u{number}", "a") for number in range(3)))
    write, calls = db.write, itertools.count()

    def fail_at_the_second(work):
        if next(calls) == 1:
            raise StorageUnavailableError(retry_after_s=2)
        return write(work)

    monkeypatch.setattr(db, "write", fail_at_the_second)
    with pytest.raises(StorageUnavailableError):
        pending.fold(db)
    assert sorted(len(days) for _, days in own_rows(db).values()) == [0, 0, 1]
    assert pending.fold(db) == 3
    assert own_rows(db) == {f"u{number}": ({"a": 0}, [0]) for number in range(3)}


def test_what_a_removal_has_noted_is_left_alone(db, project, count, monkeypatch):
    count(used("u1", "a"), used("u2", "a"))
    read = pending._read

    def and_somebody_is_removed(*given):
        found = read(*given)
        db.write(lambda connection: pending.before_removal(connection, project.id))
        return found

    monkeypatch.setattr(pending, "_read", and_somebody_is_removed)
    assert pending.fold(db) == 0
    assert own_rows(db) == {"u1": ({"a": 0}, [0]), "u2": ({"a": 0}, [0])}


def test_an_id_is_not_given_again_to_a_group_while_another_is_being_noted(
    db, project, count, means, monkeypatch
):
    count(used("u1", "a"), used("u2", "secret"))
    read = pending._read

    def and_one_is_erased_and_another_comes(*given):
        found = read(*given)
        monkeypatch.setattr(pending, "_read", read)
        erasure.erase(means, project.id, "u2", actor="cli")
        count(used("u3", "b"), used("u1", "b"))
        return found

    monkeypatch.setattr(pending, "_read", and_one_is_erased_and_another_comes)
    assert pending.fold(db) == 0
    assert pending.fold(db) == 2
    assert own_rows(db) == {"u1": ({"a": 0, "b": 0}, [0]), "u3": ({"b": 0}, [0])}


def test_an_event_that_arms_a_survey_arms_it_at_once(db, make_survey, count):
    exported = {"type": "server_event", "name": "export", "lifetime_days": 2}
    survey_id = make_survey(targeting={"triggers": [exported]})
    count(used("u1", "export"), used("u2", "share"))
    assert own_rows(db)["u1"] == ({}, [])
    with db.read() as session:
        armed = dict(session.execute(select(User.user_id, User.armed)).all())
    assert (list(armed["u1"]), armed["u2"]) == ([survey_id], None)


def test_more_people_than_are_remembered_are_looked_up_again(db, count, monkeypatch):
    monkeypatch.setattr(user_keys, "MOST_KEPT", 2)
    for day in range(3):
        count(*(used(f"u{number}", "a", days_ago=day) for number in range(4)))
    pending.fold(db)
    assert own_rows(db) == {f"u{number}": ({"a": 0}, [2, 1, 0]) for number in range(4)}


def test_a_removal_waits_for_a_batch_under_way(db, project):
    begun, finish, order = threading.Event(), threading.Event(), []

    def batch(connection):
        removing.hold_off(connection, project.id)
        begun.set()
        finish.wait(5)
        order.append("batch")

    def removal(connection):
        pending.before_removal(connection, project.id)
        order.append("removal")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(db.write, batch)
        begun.wait(5)
        second = pool.submit(db.write, removal)
        wait([second], timeout=0.2)
        finish.set()
        first.result(5)
        second.result(5)
    assert order == ["batch", "removal"]


def test_two_servers_that_count_link_and_erase_at_once_agree_in_the_end(db, project, erased, means):
    published, keys = Published(db).project(project.id), itertools.count()
    servers = [Ingest(db, SQL, erased) for _ in range(2)]

    def send(sender):
        draw = random.Random(sender)
        for _ in range(12):
            user = f"u{draw.randrange(12)}"
            events = [
                *used(user, "a", "b", days_ago=draw.randrange(9)),
                *used(f"browser-{draw.randrange(12)}", draw.choice("cd")),
                AnyEvent(
                    type="track", event="e", timestamp=NOW, userId=user, anonymousId=f"{user}x"
                ),
                AnyEvent(type="identify", timestamp=NOW, userId=user, traits={"n": sender}),
            ]
            batch = Batch(events, terms_of(published, NOW, f"batch-{next(keys)}"))
            servers[sender % 2].record(published, batch, NOW)

    def erase():
        # Each as soon as there is somebody to erase.
        left = list(range(4))
        while left:
            with contextlib.suppress(NotFoundError):
                erasure.erase(means, project.id, f"u{left[-1]}", actor="cli")
                left.pop()
            pending.fold(db)

    with ThreadPoolExecutor(7) as pool:
        under_way = [pool.submit(send, sender) for sender in range(6)]
        under_way.append(pool.submit(erase))
        for each in under_way:
            each.result(60)
    erasure.sweep_late(means.vault, db, SQL)
    pending.fold(db)
    assert_rows_agree_with_usage(db)
    assert not {f"u{number}" for number in range(4)} & own_rows(db).keys()


def assert_rows_agree_with_usage(db):
    with db.read() as session:
        people = session.scalars(select(User)).all()
        owner = {person.key: person.linked_to or person.key for person in people}
        days = defaultdict(dict)
        for use in session.scalars(select(UsageDay)):
            last = days[owner[use.user_key]]
            last[use.name_id] = max(last.get(use.name_id, 0), use.day)
        own = {person.key: dict(recent_of(person)) for person in people}
    assert {key: last for key, last in own.items() if owner[key] == key and last} == days


def test_a_group_that_cannot_be_read_holds_nothing_up(db, project, count, means):
    count(used("u1", "a"), used("u2", "a"))
    broken = {"project_id": project.id, "people": b"12345678", "uses": b"1"}
    db.write(lambda connection: connection.execute(insert(PendingUse), broken))
    assert pending.fold(db) == 2
    assert number_of(db, PendingUse) == 0
    db.write(lambda connection: connection.execute(insert(PendingUse), broken))
    assert pending.fold(db) == 0
    db.write(lambda connection: connection.execute(insert(PendingUse), broken))
    assert erasure.erase(means, project.id, "u1", actor="cli")["ids"] == 1


def test_a_browser_linked_while_it_is_noted_gives_its_use_to_its_user(db, count, monkeypatch):
    """As on PostgreSQL, where a link may be made between the first look and the hold."""
    count(used("browser-1", "a"), used("u1", "b"))
    alias = AnyEvent(type="alias", userId="u1", previousId="browser-1", timestamp=NOW)
    count([alias], [alias])
    looks = [{}, person_rows.users_of]

    def not_yet(*given):
        look = looks.pop(0)
        return look(*given) if look else {}

    monkeypatch.setattr(person_rows, "users_of", not_yet)
    pending.fold(db)
    assert own_rows(db)["u1"] == ({"a": 0, "b": 0}, [0])
    assert own_rows(db)["browser-1"] == ({}, [])


def test_more_people_than_a_piece_and_more_bytes_than_one_read(db, project, count, monkeypatch):
    monkeypatch.setattr(pending, "PIECE", 7)
    monkeypatch.setattr(pending, "MOST_BYTES", 100)
    everybody = {f"u{number}": ({"a": 0}, [0]) for number in range(30)}
    for number in range(0, 30, 2):
        count(used(f"u{number}", "a"), used(f"u{number + 1}", "a"))
    assert pending.fold(db) == 30
    assert own_rows(db) == everybody
    count(*(used(who, "b", days_ago=1) for who in everybody))
    db.write(lambda connection: pending.before_removal(connection, project.id))
    assert own_rows(db) == dict.fromkeys(everybody, ({"a": 0, "b": 1}, [1, 0]))


def test_an_answer_is_profiled_anew_when_use_before_it_was_noted_late(
    db, client, project, make_survey, count
):
    make_survey()
    answers.give(client, project, "u1", 9)
    at = utc_now()
    db.write(lambda connection: connection.execute(update(Response).values(profiled_at=at)))
    count(used("u1", "a"), used("u2", "a"))
    pending.fold(db)
    with db.read() as session:
        assert session.scalars(select(Response.profiled_at)).one() is None
