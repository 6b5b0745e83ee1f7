"""The process that reads large batches for a server on SQLite: when there is one, and its end."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend.api.ingest.reader import processors
from backend.storage.models import UsageDay
from tests.contracts.serving import Server, eventually, make_project, track

EVENTS = 300
needs_two = pytest.mark.skipif(processors() < 2, reason="one processor has no second process")


def large(number):
    return [
        track(0, messageId=f"{number}-{at}", userId=f"u{at % 40}", properties={"of": "x" * 20})
        for at in range(EVENTS)
    ]


def seconds(server):
    """Return the processes that those who answer requests have started."""
    return [
        int(pid)
        for worker in server.worker_pids()
        for children in Path(f"/proc/{worker}/task").glob("*/children")
        for pid in children.read_text().split()
    ]


def is_running(pid):
    try:
        # A zombie has ended, whoever is to bury it.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def own_server(tmp_path):
    """A server on SQLite that only this test uses, and a project on it."""
    running = Server(tmp_path).start()
    yield running, make_project(running)
    if running.process.poll() is None:
        running.kill()
    running.close()


def second_of(server, project):
    """Send a large batch, which starts the second process; return that when it is ready."""
    answer = project.batch(large("first"))
    assert answer.status == 200, answer
    eventually(lambda: "batch-reader-started" in server.log, within_s=60)
    [pid] = seconds(server)
    return pid


def counted(server):
    with server.db.read() as session:
        return session.scalar(select(func.sum(UsageDay.count)))


@needs_two
def test_a_second_process_killed_in_its_work_loses_and_doubles_nothing(own_server):
    server, project = own_server
    pid = second_of(server, project)
    answers = []

    def send(sender):
        answers.extend(project.batch(large(f"{sender}-{number}")).status for number in range(12))

    senders = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    # Stopped first, so that it dies with batches in its hands.
    os.kill(pid, signal.SIGSTOP)
    for sender in senders:
        sender.start()
    time.sleep(0.2)
    os.kill(pid, signal.SIGKILL)
    for sender in senders:
        sender.join(60)

    assert answers == [200] * 48
    assert counted(server) == 49 * EVENTS
    assert not is_running(pid)
    eventually(lambda: "batch-reader-gone" in server.log)
    assert "Traceback" not in server.log


@needs_two
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_the_second_process_ends_with_its_server(own_server, end):
    server, project = own_server
    pid = second_of(server, project)
    os.killpg(server.process.pid, end)
    server.process.wait(30)
    eventually(lambda: not is_running(pid), within_s=60)
    assert "Traceback" not in server.log


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_where_several_processes_serve_there_is_no_second_process(server):
    project = make_project(server)
    for number in range(3):
        assert project.batch(large(number)).json["stored"] == EVENTS
    assert seconds(server) == []
