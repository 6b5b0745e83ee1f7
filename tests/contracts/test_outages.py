"""Databases that are locked or gone, and servers that end (abuse cases 43 and 44)."""

import http.client
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import select

from backend.storage.models import Response
from tests.contracts.serving import Server, eventually, make_project, send, track
from tests.contracts.test_batches import counted


@contextmanager
def no_database(server):
    """Lock the SQLite file, or shut everybody out of the PostgreSQL database."""
    if server.config.is_embedded:
        other = sqlite3.connect(server.data / "zeroten.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
        other.close()
        return
    name = server.database_url.partition("?")[0].rpartition("/")[2]
    home = server.database_url.replace(f"/{name}?", "/postgres?")
    with psycopg.connect(home, autocommit=True) as other:
        other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                      [name])  # fmt: skip
        yield
        other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def test_without_its_database_the_server_says_so_and_takes_the_same_request_later(server):
    project = make_project(server)
    project.survey()
    ticket = project.ticket()
    answer = {"ticket": ticket, "revision": 1, "state": "scored", "score": 9}
    project.batch([track(0)])
    before = server.rows()
    server.db.engine.dispose()
    calls = (
        lambda: project.respond(**answer),
        lambda: project.batch([track(1)]),
        lambda: project.decide(user_id="u2"),
    )

    with no_database(server), ThreadPoolExecutor(3) as pool:
        refused = list(pool.map(lambda call: call(), calls))
        assert send(server, "GET", "/healthz").status == 200

    assert [(each.status, each.slug) for each in refused] == [(503, "storage-unavailable")] * 3
    assert all(int(each.headers["retry-after"]) >= 1 for each in refused)
    assert server.rows() == before
    assert [eventually(lambda call=call: call_unless_503(call)).status for call in calls] == [
        201, 200, 200,
    ]  # fmt: skip
    assert counted(project) == {"export_csv": 2}


def call_unless_503(call):
    answer = call()
    return answer if answer.status != 503 else None


@pytest.fixture(params=["sqlite", "postgresql"])
def own_server(request, tmp_path):
    """A server of this test alone, not started yet."""
    url = ""
    if request.param == "postgresql":
        url = request.getfixturevalue("new_database")(f"own{time.monotonic_ns()}")
    made = Server(tmp_path, url)
    yield made
    if made.process and made.process.poll() is None:
        made.kill()
    made.close()


def test_kill_9_in_the_middle_of_five_thousand_events_of_the_sdk_counts_each_once(own_server):
    import zeroten

    project = make_project(own_server.start())
    client = zeroten.Client(project.given.secret_key, host=own_server.url, flush_at=100)

    for number in range(5000):
        assert client.track(f"u{number % 200}", f"feature_{number % 10}")
        if number == 2500:
            eventually(lambda: sum(counted(project).values()) > 0)
            own_server.kill()
    own_server.start()

    assert client.flush(timeout_s=60)
    client.close()
    assert counted(project) == {f"feature_{number}": 500 for number in range(10)}


def test_kill_9_under_load_keeps_each_acknowledged_answer_and_batch_once(own_server):
    project = make_project(own_server.start())
    project.survey()
    sent, acknowledged = {}, set()
    tickets = {number: project.ticket(f"user{number}") for number in range(60)}
    killed = threading.Event()

    def answer(number):
        body = {"ticket": tickets[number], "revision": 1, "state": "scored", "score": number % 11}
        batch = [track(f"{number}-{event}", userId=f"user{number}") for event in range(20)]
        sent[number] = (body, batch)
        try:
            if project.respond(**body).status in (200, 201):
                acknowledged.add(number)
            project.batch(batch)
        except (OSError, http.client.HTTPException):
            pass
        if number == 30:
            own_server.kill()
            killed.set()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(answer, tickets))
    assert killed.is_set()
    own_server.start()

    with own_server.db.read() as session:
        kept = session.scalars(select(Response.score).where(Response.project_id == project.id))
        assert len(kept.all()) >= len(acknowledged) > 0
    for body, batch in sent.values():
        assert project.respond(**body).status in (200, 201)
        assert project.batch(batch).status == 200
    with own_server.db.read() as session:
        kept = session.scalars(select(Response.score).where(Response.project_id == project.id))
        assert sorted(kept) == sorted(number % 11 for number in range(60))
    assert counted(project) == {"export_csv": 1200}


def test_sigterm_finishes_what_runs_and_ends_well(own_server):
    project = make_project(own_server.start())
    results = []

    def send_until_gone():
        for number in range(10_000):
            try:
                results.append(project.batch([track(f"{threading.get_ident()}-{number}")]).status)
            except (OSError, http.client.HTTPException):
                return

    threads = [threading.Thread(target=send_until_gone) for _ in range(4)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(results) > 20)
    own_server.process.terminate()
    assert own_server.process.wait(15) == 0
    for thread in threads:
        thread.join()

    assert set(results) <= {200, 503}
    assert counted(project)["export_csv"] >= results.count(200)
    assert "exc_type" not in own_server.log


def test_a_second_server_on_one_sqlite_file_says_why_it_does_not_start(server, tmp_path):
    if not server.config.is_embedded:
        second = Server(tmp_path, server.database_url).start()
        assert second.stop() == 0
        return
    second = Server(server.data)
    log_before = server.log
    assert second.launch().wait(20) != 0
    said = server.log.removeprefix(log_before)
    assert "A server already runs on the SQLite file" in said
    assert "set DATABASE_URL" in said
    assert "Traceback" not in said
    assert send(server, "GET", "/readyz").status == 200
