"""What every usage store does."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from backend.domain.calendar import day_number
from backend.domain.errors import StorageUnavailableError
from backend.services import profiles, projects, retention
from backend.storage.models import User, WaitingUsage
from backend.storage.people import add_user
from backend.storage.usage import copy
from backend.storage.usage.clickhouse import ClickHouseUsage
from backend.storage.usage.sql import SQL
from backend.storage.usage.store import UsageBatch, UsageRow

DAY = day_number(datetime.now(UTC).date())
NOON = 12 * 3_600_000


def rows(*given):
    return sorted(UsageRow(*each) for each in given)


def put(db, usage, *given, key="k1"):
    batch = UsageBatch("prj_1", key, rows(*given))
    taken = db.write(lambda connection: usage.record(connection, batch))
    assert usage.settle(db)
    return taken


def timeline(db, usage, *keys):
    with db.read() as session:
        return usage.timeline(session.connection(), keys)


def profile(db, usage, *keys, day=DAY, ms=NOON, days=30):
    with db.read() as session:
        return usage.profile(session.connection(), keys, day, ms, days)


def test_rows_of_one_key_are_added_up_and_the_first_time_is_kept(db, usage):
    assert put(db, usage, (1, DAY, 7, 2, 500, NOON), (1, DAY, 8, 1, 0, 5))
    assert put(db, usage, (1, DAY, 7, 3, 20, NOON - 1), key="k2")
    assert timeline(db, usage, 1) == [
        UsageRow(1, DAY, 7, 5, 520, NOON - 1),
        UsageRow(1, DAY, 8, 1, 0, 5),
    ]


def test_a_batch_without_rows_records_nothing(db, usage):
    assert not put(db, usage)


def test_a_person_is_read_under_all_their_keys(db, usage):
    put(db, usage, (1, DAY - 1, 7, 1, 0, 9), (2, DAY - 1, 7, 2, 0, 4), (3, DAY - 1, 7, 9, 0, 1))
    assert timeline(db, usage, 1, 2) == [UsageRow(1, DAY - 1, 7, 3, 0, 4)]
    assert profile(db, usage, 1, 2) == ({7}, 1)


def test_a_profile_takes_the_days_before_and_the_day_itself_up_to_the_moment(db, usage):
    put(
        db,
        usage,
        (1, DAY - 31, 10, 1, 0, 0),
        (1, DAY - 30, 11, 1, 0, 0),
        (1, DAY - 1, 12, 1, 0, 86_399_999),
        (1, DAY, 13, 1, 0, NOON),
        (1, DAY, 14, 1, 0, NOON + 1),
        (1, DAY + 1, 15, 1, 0, 0),
    )
    assert profile(db, usage, 1) == ({11, 12, 13}, 2)


def test_nobody_has_an_empty_profile(db, usage):
    assert profile(db, usage, 404) == (set(), 0)
    assert timeline(db, usage, 404) == []


def test_a_forgotten_user_is_gone_and_others_stay(db, usage):
    put(db, usage, (1, DAY, 7, 1, 0, 0), (2, DAY, 7, 1, 0, 0))
    db.write(lambda connection: usage.forget(connection, [1]))
    assert usage.settle(db)
    assert timeline(db, usage, 1) == []
    assert len(timeline(db, usage, 2)) == 1


def test_days_past_their_time_are_forgotten_for_some_people_and_others_stay(db, usage):
    old, new = DAY - 400, DAY - 399
    put(db, usage, *((key, day, 7, 1, 0, 0) for key in (1, 2, 3) for day in (old, new)))
    assert usage.forget_before(db, iter([[1], [2, 404]]), new) == 2
    assert usage.forget_before(db, iter([[1], [2, 404]]), new) == 0
    assert [len(timeline(db, usage, key)) for key in (1, 2, 3)] == [1, 1, 2]


def test_what_a_copy_left_in_the_main_database_is_forgotten_too(db, clickhouse):
    for key, day in ((1, DAY), (2, DAY - 400), (2, DAY)):
        put(db, SQL, (key, day, 7, 1, 0, 0), key=f"{key}:{day}")
    copy.copy_usage(db, clickhouse)
    db.write(lambda connection: clickhouse.forget(connection, [1]))
    assert clickhouse.settle(db)
    clickhouse.forget_before(db, [[2]], DAY - 1)
    for store in (SQL, clickhouse):
        assert [len(timeline(db, store, key)) for key in (1, 2)] == [0, 1]


def test_retention_tells_that_clickhouse_is_away(db):
    def add(session):
        project_id = projects.create(session, name="Acme", origins=[]).project.id
        add_user(session.connection(), project_id, "u1", False, datetime.now(UTC))

    db.transact(add)
    with pytest.raises(StorageUnavailableError):
        retention.enforce(db, ClickHouseUsage("clickhouse://127.0.0.1:1/default"))


def test_a_failed_transaction_leaves_nothing_behind(db, usage):
    def work(connection):
        usage.record(connection, UsageBatch("prj_1", "k", rows((1, DAY, 7, 1, 0, 0))))
        raise ValueError

    with pytest.raises(ValueError):
        db.write(work)
    assert usage.settle(db)
    assert timeline(db, usage, 1) == []


def test_the_same_insert_sent_again_counts_once(clickhouse):
    for _ in range(3):
        clickhouse.insert(rows((1, DAY, 7, 2, 30, 5)), "prj_1:k")
    clickhouse.insert(rows((1, DAY, 7, 2, 30, 5)), "prj_1:other")
    assert clickhouse.totals() == (1, 4, 60)


def test_an_insert_whose_answer_was_lost_is_sent_again_and_counts_once(db, clickhouse):
    class LosesAnswers(ClickHouseUsage):
        lost = 0

        def insert(self, given, token):
            clickhouse.insert(given, token)
            if self.lost < 2:
                self.lost += 1
                raise StorageUnavailableError

    store = LosesAnswers("chdb://unused")
    batch = UsageBatch("prj_1", "k", rows((1, DAY, 7, 2, 0, 5)))
    db.write(lambda connection: store.record(connection, batch))
    assert [store.settle(db) for _ in range(3)] == [False, False, True]
    assert timeline(db, clickhouse, 1) == [UsageRow(1, DAY, 7, 2, 0, 5)]


def test_counting_goes_on_while_clickhouse_is_away_up_to_a_cap(db):
    away = ClickHouseUsage("clickhouse://127.0.0.1:1/default", most_waiting=3)

    def count(key):
        batch = UsageBatch("prj_1", key, rows((1, DAY, 7, 1, 0, 0)))
        return db.write(lambda connection: away.record(connection, batch))

    assert [count(key) for key in "abc"] == [True] * 3
    assert not away.settle(db)
    with pytest.raises(StorageUnavailableError):
        count("d")
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(WaitingUsage)) == 3
    with pytest.raises(StorageUnavailableError):
        profile(db, away, 1)
    assert profiles.compute_pending(db, away) == 0


def test_what_waited_through_an_outage_is_sent_in_its_order(db, clickhouse):
    away = ClickHouseUsage("clickhouse://127.0.0.1:1/default")
    for number in range(45):
        batch = UsageBatch("prj_1", f"k{number}", rows((1, DAY, 7, 1, 0, number)))
        db.write(lambda connection, batch=batch: away.record(connection, batch))
    assert clickhouse.settle(db)
    assert timeline(db, clickhouse, 1) == [UsageRow(1, DAY, 7, 45, 0, 0)]
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(WaitingUsage)) == 0


def test_rollups_are_copied_over_and_compared(db, clickhouse):
    for user in range(1, 8):
        put(db, SQL, *((user, DAY - back, 7, back + 1, 10, 0) for back in range(5)))
    told = []
    assert copy.copy_usage(db, clickhouse, progress=told.append, at_once=10) == 35
    assert told[-1].copied == told[-1].total == 35
    assert clickhouse.totals() == copy.totals(db)


def test_a_copy_that_broke_off_goes_on_and_doubles_nothing(db, clickhouse):
    put(db, SQL, *((user, DAY, 7, 1, 10, 0) for user in range(1, 31)))

    class Breaks(ClickHouseUsage):
        left = 2

        def insert(self, given, token):
            clickhouse.insert(given, token)
            self.left -= 1
            if not self.left:
                raise StorageUnavailableError

    with pytest.raises(StorageUnavailableError):
        copy.copy_usage(db, Breaks("chdb://unused"), at_once=10)
    copy.copy_usage(db, clickhouse, at_once=10)
    assert clickhouse.totals() == copy.totals(db) == (30, 30, 300)


def test_a_copy_that_does_not_add_up_says_so(db, clickhouse):
    put(db, SQL, (1, DAY, 7, 1, 0, 0))
    clickhouse.insert(rows((9, DAY - 3, 9, 1, 0, 0)), "somebody else's")
    with pytest.raises(copy.CopyDiffersError):
        copy.copy_usage(db, clickhouse)


def test_users_are_counted_by_their_active_days(db, usage):
    project_id = db.transact(
        lambda session: projects.create(session, name="Acme", origins=[]).project.id
    )
    now = datetime.now(UTC).replace(microsecond=0)
    people = [(DAY - 1, 0b1), (DAY - 1, 0b111), (DAY, 0b11), (DAY - 40, 0b1), (0, 0)]

    def work(session):
        for number, (day, bits) in enumerate(people):
            session.add(
                User(
                    project_id=project_id,
                    user_id=f"u{number}",
                    is_anonymous=False,
                    traits={},
                    first_seen_at=now - timedelta(days=99),
                    last_seen_at=now,
                    activity_day=day,
                    activity_bits=bits,
                )
            )

    db.transact(work)
    with db.read() as session:
        counts = usage.active_use(session.connection(), project_id, DAY)
    assert len(counts) == 30
    assert counts[:4] == [2, 0, 1, 0]
