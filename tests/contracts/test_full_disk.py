"""A disk without room: refused, nothing kept, and taken once there is room (abuse case 43)."""

from __future__ import annotations

import pytest
from sqlalchemy import event, func, select, text

from backend.app import create_app
from backend.config import Config
from backend.services import projects
from backend.storage.db import Database
from backend.storage.migrate import migrate
from backend.storage.models import Batch, UsageDay, User


@pytest.fixture
def db(tmp_path):
    """A SQLite database of its own, whose file is made not to grow."""
    database = Database(Config(data_dir=tmp_path).url)
    migrate(database.engine)
    yield database
    database.close()


def fill(db):
    """Let the file have no page more than it has; return what gives it room again."""

    def limit(connection, _record):
        connection.execute("PRAGMA max_page_count = 1")  # SQLite takes the present size instead

    event.listen(db.engine, "connect", limit)
    db.write(lambda connection: connection.execute(text("PRAGMA max_page_count = 1")))

    def make_room():
        event.remove(db.engine, "connect", limit)
        db.write(lambda connection: connection.execute(text("PRAGMA max_page_count = 1073741823")))

    return make_room


def stored(db):
    with db.read() as session:
        return [
            session.scalar(select(func.count()).select_from(table))
            for table in (Batch, User, UsageDay)
        ]


def test_a_full_disk_gets_503_and_the_same_batch_counts_once_when_there_is_room(tmp_path, db):
    made = db.transact(lambda session: projects.create(session, name="Acme", origins=[]))
    client = create_app(Config(data_dir=tmp_path), db).test_client()
    events = [
        {"type": "track", "event": f"feature_{number}", "userId": f"user-{number}"}
        for number in range(2_000)
    ]

    def send():
        headers = {"Authorization": f"Bearer {made.secret_key}", "Idempotency-Key": "k1"}
        return client.post("/v1/batch", json={"batch": events}, headers=headers)

    make_room = fill(db)
    for _ in range(3):
        refused = send()
        assert (refused.status_code, refused.json["code"]) == (503, "storage-unavailable")
        assert int(refused.headers["Retry-After"]) >= 1
        assert stored(db) == [0, 0, 0]
    assert client.get("/healthz").status_code == 200

    make_room()
    assert [send().json["stored"] for _ in range(2)] == [2_000, 2_000]
    assert stored(db) == [1, 2_000, 2_000]
