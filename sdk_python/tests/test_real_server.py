"""The SDK against the real server: counted exactly, though the server is killed meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from backend.config import Config
from backend.services import projects
from backend.storage.db import Database
from backend.storage.migrate import migrate
from sqlalchemy import create_engine, text

import zeroten
from zeroten.__main__ import main

CONFIGURATION = "backend/gunicorn_conf.py"
ROOT = Path(__file__).resolve().parents[2]


class RealServer:
    """The product on gunicorn and SQLite, in a process group that can be killed at once."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = os.environ | {
            "ZEROTEN_DATA": str(folder),
            "ENCRYPTION_KEYS": "4KPvOdVzE2DRNtGxfXQBCZRrPeOxYgSVLQW9wMrmcdE=",
            "PORT": str(self.port),
            "RATE_LIMITS": "0",
            "LOG_LEVEL": "ERROR",
        }
        self.env.pop("DATABASE_URL", None)
        config = Config.from_env(self.env)
        self.database_url = config.url
        db = Database(config.url)
        migrate(db.engine)
        self.secret_key = db.transact(lambda s: projects.create(s, name="Shop").secret_key)
        db.close()
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "-c",
                "backend/gunicorn_conf.py",
                "backend.wsgi:app",
            ],
            env=self.env,
            cwd=ROOT,
            start_new_session=True,
        )
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(self.url + "/healthz", timeout=1)
                return
            time.sleep(0.05)
        self.kill()
        raise RuntimeError("the server did not start")

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def counts(self) -> dict[str, int]:
        """Return how often each feature was used, all users and days together."""
        engine = create_engine(self.database_url)
        query = (
            "SELECT names.name, SUM(usage_days.count) FROM usage_days "
            "JOIN names ON names.id = usage_days.name_id GROUP BY names.name"
        )
        with engine.connect() as connection:
            rows = connection.execute(text(query)).all()
        engine.dispose()
        return {name: int(count) for name, count in rows}


@pytest.fixture(scope="module")
def real_server(tmp_path_factory):
    server = RealServer(tmp_path_factory.mktemp("data"))
    server.start()
    yield server
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(20)


def test_a_server_killed_in_the_middle_of_5000_events_counts_each_exactly_once(real_server):
    client = zeroten.Client(
        real_server.secret_key, host=real_server.url, flush_at=50, flush_interval_s=0.05
    )

    for number in range(5000):
        assert client.track(f"user-{number % 50}", "export_csv", {"number": number})
        if number in (1500, 3000):
            real_server.kill()
            real_server.start()
        time.sleep(0.0002)

    assert client.flush(30), client.stats()
    assert real_server.counts()["export_csv"] == 5000
    assert client.stats().stored == 5000
    client.close()


def test_what_the_sdk_cleans_the_server_takes(real_server):
    client = zeroten.Client(real_server.secret_key, host=real_server.url)
    circle: dict = {}
    circle["self"] = circle

    client.track("u-1", "odd", {"circle": circle, "deep": [[[[[[[[1]]]]]]]], "big": 2**70})
    client.track(
        "u-1", "odd", {"text": "x" * 5000, "k" * 200: 1, "": 2, "nul\0": "\0", "nan": 1e999}
    )
    client.track("u-1", "odd", {f"key {n}": list(range(50)) for n in range(200)})
    client.track("u-1", "a\nb" * 200, timestamp=time.time() - 3600)
    client.identify("u-1", {"role": "admin", "seen": {1, 2}})
    client.group("u-1", "acme", {"plan": "pro"})
    client.page("u-1", "/reports/42?secret=1")

    assert client.flush(10), client.stats()
    assert (client.stats().stored, client.stats().rejected) == (7, 0)
    client.close()


def test_a_repeated_message_id_of_the_host_counts_once(real_server):
    with zeroten.Client(real_server.secret_key, host=real_server.url) as client:
        for number in range(3):
            client.track("u-1", "paid", message_id="order-7")
            client.track("u-1", "visited", message_id=f"visit-{number}")
            assert client.flush(10)

    counts = real_server.counts()
    assert (counts["paid"], counts["visited"]) == (1, 3)
    assert client.stats().duplicates == 2


def test_check_finds_the_real_server_in_order(real_server, capsys):
    arguments = ["check", "--host", real_server.url, "--secret-key"]
    assert main([*arguments, real_server.secret_key]) == 0, capsys.readouterr().out
    assert main([*arguments, "sk_wrong"]) == 1
    assert "unknown or revoked" in capsys.readouterr().out
