"""A real server under gunicorn in a process of its own, and a client that hides nothing."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from backend.config import Config
from backend.services import projects, surveys
from backend.services.vault import Vault
from backend.storage.db import Database
from backend.storage.models import Base, Ticket
from tests.conftest import ORIGIN, Given

ROOT = Path(__file__).resolve().parent.parent.parent
ENCRYPTION_KEY = "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="


@dataclass(frozen=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def slug(self) -> str:
        """The problem's type without `/problems/`; empty when this is no problem."""
        if self.headers.get("content-type") != "application/problem+json":
            return ""
        return str(self.json["type"]).removeprefix("/problems/")

    @property
    def pointers(self) -> list[str]:
        return [fault["pointer"] for fault in self.json.get("errors", ())]


@dataclass
class Server:
    """One `gunicorn -c backend/gunicorn_conf.py backend.wsgi:app` on its own data."""

    data: Path
    database_url: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.port = self.port or free_port()
        self.config = Config(
            data_dir=self.data, database_url=self.database_url, encryption_keys=(ENCRYPTION_KEY,)
        )
        self.vault = Vault((ENCRYPTION_KEY,))
        self._db: Database | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.data / "server.log").read_text()

    @property
    def db(self) -> Database:
        """The server's database, opened by the test itself."""
        if self._db is None:
            self._db = Database(self.config.url, pool_size=2)
        return self._db

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the process and do not wait for it."""
        self.data.mkdir(parents=True, exist_ok=True)
        environ = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
            "ZEROTEN_DATA": str(self.data),
            "DATABASE_URL": self.database_url,
            "ENCRYPTION_KEYS": ENCRYPTION_KEY,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "RATE_LIMITS": "0",
            "JOBS_IN_PROCESS": "1",
            **self.more,
        }
        with (self.data / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "backend/gunicorn_conf.py",
                 "backend.wsgi:app"],
                cwd=ROOT, env=environ, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        return self.process

    def start(self) -> Server:
        """Start and wait until the server is ready."""
        process = self.launch()
        try:
            eventually(lambda: process.poll() is not None or self._is_ready(), within_s=60)
            assert process.poll() is None, self.log
        except AssertionError:
            if process.poll() is None:
                self.kill()
            raise
        return self

    def stop(self) -> int:
        """Ask it to end, as an operator does; return its exit status."""
        assert self.process is not None
        self.process.terminate()
        status = self.process.wait(20)
        self.close()
        return status

    def close(self) -> None:
        """Let go of the test's own connections to the server's database."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def kill(self) -> None:
        """End master and workers at once, as a power cut would."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def worker_pids(self) -> list[int]:
        """Return the processes that answer requests."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def rows(self) -> dict[str, int]:
        """Return how many rows each table has: "nothing stored" means that this stays."""
        with self.db.read() as session:
            return {
                name: session.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in Base.metadata.tables.items()
            }

    def _is_ready(self) -> bool:
        try:
            return send(self, "GET", "/readyz").status == 200
        except OSError:
            return False


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], Any], within_s: float = 20.0, every_s: float = 0.05) -> Any:
    """Return `holds()` once it is true; fail when that takes too long."""
    deadline = time.monotonic() + within_s
    while not (found := holds()):
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(every_s)
    return found


def send(
    server: Server,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    timeout_s: float = 30,
) -> Answer:
    """Send one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout_s)
    try:
        connection.request(method, path, body, dict(headers or {}))
        return answer_of(connection.getresponse())
    finally:
        connection.close()


def answer_of(response: http.client.HTTPResponse) -> Answer:
    """Read a response to its end."""
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def raw(server: Server, request: bytes, *, timeout_s: float = 10) -> list[Answer]:
    """Send bytes as they are; return every answer until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout_s) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return answers_on(connection)


def answers_on(connection: socket.socket) -> list[Answer]:
    """Read answers until the connection is closed."""
    answers = []
    with connection.makefile("rb") as stream:
        while line := stream.readline():
            if line.startswith(b"HTTP/1.1 100"):
                stream.readline()
                continue
            status = int(line.split()[1])
            headers = {
                name.decode().lower(): value.decode()
                for name, _, value in (
                    part.partition(b": ") for part in iter(stream.readline, b"\r\n")
                )
            }
            headers = {name: value.strip() for name, value in headers.items()}
            answers.append(
                Answer(status, headers, stream.read(int(headers.get("content-length", 0))))
            )
    return answers


@dataclass(frozen=True)
class Project:
    """A project on a server, with the calls that pages and servers of the host make."""

    server: Server
    given: Given

    @property
    def id(self) -> str:
        return self.given.id

    def survey(self, **given: Any) -> str:
        """Publish a survey that asks everybody at once."""
        given["targeting"] = {"old_enough_days": 0} | given.get("targeting", {})
        given["sampling"] = {"spread_days": 0} | given.get("sampling", {})

        def work(session: Any) -> str:
            survey = surveys.create(session, self.id, **{"name": "NPS"} | given)
            surveys.publish(session, survey)
            return survey.id

        return self.server.db.transact(work)

    def post(
        self,
        path: str,
        document: Any = None,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """POST to the widget plane as a page of ORIGIN does."""
        if body is None:
            members = {"publishable_key": self.given.publishable_key} | document
            body = json.dumps(members, ensure_ascii=False).encode()
        base: dict[str, str | None] = {"Origin": ORIGIN, "Content-Type": "text/plain"}
        merged = base | dict(headers or {})
        return send(
            self.server, "POST", path, body, {n: v for n, v in merged.items() if v is not None}
        )

    def decide(self, **document: Any) -> Answer:
        return self.post("/v1/decide", {"page": "/reports/42"} | document)

    def ticket(self, user_id: str = "u1", **document: Any) -> str:
        """Ask for `user_id`, who must get a ticket."""
        answer = self.decide(user_id=user_id, **document)
        assert answer.json.get("show") is True, answer
        return str(answer.json["ticket"])

    def respond(self, **document: Any) -> Answer:
        return self.post("/v1/responses", document)

    def batch(
        self,
        events: Any,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """POST a batch as a server of the host does."""
        base = {
            "Authorization": f"Bearer {self.given.secret_key}",
            "Content-Type": "application/json",
        }
        body = json.dumps({"batch": events}).encode() if body is None else body
        return send(self.server, "POST", "/v1/batch", body, base | dict(headers or {}))

    def age_ticket(self, ticket: str, **columns: Any) -> None:
        """Change times of a ticket, as if it had been given out earlier."""
        from backend.domain.keys import digest

        self.server.db.write(
            lambda connection: connection.execute(
                update(Ticket).where(Ticket.token_hash == digest(ticket)).values(**columns)
            )
        )


def make_project(server: Server, **given: Any) -> Project:
    """Add a project to the server's database."""

    def work(session: Any) -> Given:
        new = projects.create(session, **{"name": "Acme", "origins": [ORIGIN]} | given)
        tokens = {
            f"{role}_token": projects.create_token(
                session, project_id=new.project.id, name=role, role=role
            )[1]
            for role in ("owner", "admin", "analyst", "viewer")
        }
        return Given(new.project.id, new.publishable_key, new.secret_key, **tokens)

    return Project(server, server.db.transact(work))


def track(number: int = 0, **more: Any) -> dict[str, Any]:
    """Return one event as a sender writes it."""
    return {
        "type": "track",
        "event": "export_csv",
        "userId": "u1",
        "messageId": f"m{number}",
    } | more
