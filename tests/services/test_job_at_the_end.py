"""A job that is due as the server ends is no fault: the next server runs it."""

import structlog

from backend.jobs.schedule import Job
from backend.jobs.worker import run_once
from backend.storage.db import Database
from backend.storage.migrate import migrate


def test_a_job_of_a_server_that_ends_fails_without_a_fault(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'z.db'}")
    migrate(db.engine)
    db.close()
    job = Job("late", 1.0, lambda db, _: db.write(lambda _: 1))

    with structlog.testing.capture_logs() as logs:
        assert run_once(db, None, job) == 0

    assert [(each["event"], each["log_level"]) for each in logs] == [
        ("job-ends-with-server", "info")
    ]
