"""A batch as few rows, and the same however often its transaction has to be repeated."""

import itertools
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from backend.api.ingest.wire import AnyEvent
from backend.domain.activity import drop_old, pack_recent, touch_recent, unpack_recent
from backend.domain.calendar import Calendar
from backend.domain.limits import NAMES, OTHER
from backend.domain.rollup import Roller
from backend.services.clock import utc_now
from backend.services.ingest import Ingest, terms_of
from backend.services.ingest_batch import Batch
from backend.services.published import Published
from backend.storage import links
from backend.storage.models import Name, UsageDay, User
from backend.storage.usage import recent
from backend.storage.usage.names import NameIds
from backend.storage.usage.sql import SQL
from backend.storage.usage.store import UsageBatch

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)


def roll_up(*events):
    return Roller(Calendar("UTC"), str, NOW_MS).roll_up(enumerate(events))[0]


def track(name="export", **who):
    return AnyEvent(type="track", event=name, timestamp=NOW, **who)


def test_a_rolled_back_batch_written_again_counts_a_linked_browser_once(db, project):
    db.write(
        lambda connection: links.link(connection, project.id, [links.Link("u1", "b1")], utc_now())
    )
    rollup = roll_up(track(userId="u1"), track(anonymousId="b1"), track("other", anonymousId="b1"))
    attempts = itertools.count()

    def work(connection):
        names = NameIds()
        uses = recent.by_person(connection, project.id, [rollup], names)
        noted = recent.note_all(connection, project.id, *uses)
        noted.save(connection)
        SQL.record(connection, UsageBatch(project.id, "k", noted.rows))
        if next(attempts) < 2:
            raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError):
            db.write(work)
    db.write(work)
    with db.read() as session:
        assert sorted(session.scalars(select(UsageDay.count))) == [1, 2]


def test_names_beyond_the_cap_are_one_other(db, project, erased, monkeypatch):
    monkeypatch.setitem(NAMES, "feature", 2)
    events = [track(f"f{number}", userId="u1") for number in range(5)]
    published = Published(db).project(project.id)
    batch = Batch(events, terms_of(published, NOW, "k"))
    told = Ingest(db, SQL, erased).record(published, batch, NOW)
    assert told["stored"] == 5
    query = select(Name.name, UsageDay.count).join(Name, Name.id == UsageDay.name_id)
    with db.read() as session:
        assert dict(session.execute(query).all()) == {"f0": 1, "f1": 1, OTHER: 3}
        assert len(unpack_recent(session.scalars(select(User.recent_use)).one())) == 3


def test_recent_use_is_searched_by_pairs_and_not_by_bytes_in_between():
    # The day 0x00020001 holds the bytes of id 2 across the middle of a pair.
    packed = pack_recent({1: 0x00020001, 0x00010000: 5})
    assert unpack_recent(touch_recent(packed, 2, 7)) == {1: 0x00020001, 0x00010000: 5, 2: 7}
    assert unpack_recent(touch_recent(packed, 0x00010000, 9))[0x00010000] == 9
    assert touch_recent(packed, 0x00010000, 4) is packed
    assert unpack_recent(touch_recent(b"", 1, 1)) == {1: 1}


def test_what_is_long_past_is_dropped_from_recent_use():
    packed = pack_recent({1: 1000, 2: 1121, 3: 1120})
    assert unpack_recent(drop_old(packed, 1240)) == {2: 1121, 3: 1120}
