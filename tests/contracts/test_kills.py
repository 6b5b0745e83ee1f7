"""Events through a server that is killed again and again, checked against the senders' ledger.

`KILL_ROUNDS=100` kills a hundred times; the suite does a few, which find most faults already.
"""

import http.client
import itertools
import json
import os
import random
import socket
import threading
import time
from collections import defaultdict

import pytest
from sqlalchemy import func, select

from backend.domain.activity import unpack_recent
from backend.storage.models import Name, UsageDay, User
from backend.storage.usage import pending
from tests.contracts.serving import Server, make_project, send, track

ROUNDS = int(os.environ.get("KILL_ROUNDS", "3"))
SENDERS = 8
EVENTS = 20


@pytest.fixture(params=["sqlite", "postgresql"])
def own_server(request, tmp_path):
    """A server that only this test uses, since it is killed."""
    url = ""
    if request.param == "postgresql":
        url = request.getfixturevalue("new_database")(f"kills-{tmp_path.name[-20:]}")
    running = Server(tmp_path, url).start()
    yield running
    if running.process.poll() is None:
        running.kill()
    running.close()


class Sender(threading.Thread):
    """Sends batches one after another, each the same bytes until it is acknowledged."""

    def __init__(self, project, number, stop):
        super().__init__(daemon=True)
        self.project, self.number, self.stop = project, number, stop
        self.acknowledged = 0
        self.tries = 0

    def run(self):
        for batch in itertools.count():
            if self.stop.is_set():
                return
            self.deliver(batch)
            self.acknowledged += EVENTS

    def deliver(self, batch):
        events = [
            track(
                event,
                userId=f"u{self.number}-{event % 7}",
                event=f"sender-{self.number}",
                messageId=f"{self.number}-{batch}-{event}",
            )
            for event in range(EVENTS)
        ]
        # Every other sender has keys of its own; without one the message ids are the key.
        key = {"Idempotency-Key": f"{self.number}-{batch}"} if self.number % 2 else {}
        while True:
            self.tries += 1
            try:
                answer = self.project.batch(events, headers=key)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            if answer.status == 200:
                assert answer.json["rejected"] == 0, answer
                return
            assert answer.status in (429, 503), answer
            time.sleep(0.05)


def counted(project):
    query = (
        select(Name.name, func.sum(UsageDay.count))
        .join(Name, Name.id == UsageDay.name_id)
        .where(Name.project_id == project.id)
        .group_by(Name.name)
    )
    with project.server.db.read() as session:
        return {name: int(count) for name, count in session.execute(query)}


def in_peoples_rows(project):
    """Return the names each user's own row has, once what a busy server left for later is noted."""
    db = project.server.db
    pending.fold(db)
    with db.read() as session:
        users = session.execute(select(User.user_id, User.recent_use)).all()
    return {user_id: set(unpack_recent(recent)) for user_id, recent in users}


def in_usage(project):
    query = select(User.user_id, UsageDay.name_id).join(User, User.key == UsageDay.user_key)
    found = defaultdict(set)
    with project.server.db.read() as session:
        for user_id, name_id in session.execute(query):
            found[user_id].add(name_id)
    return found


def test_a_server_killed_again_and_again_loses_and_doubles_nothing(own_server):
    draw = random.Random(9)
    project = make_project(own_server)
    stop = threading.Event()
    senders = [Sender(project, number, stop) for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    for _ in range(ROUNDS):
        time.sleep(draw.uniform(0.2, 3.0 if ROUNDS > 3 else 1.0))
        own_server.kill()
        own_server.start()
    stop.set()
    for sender in senders:
        sender.join(60)
        assert not sender.is_alive()
    ledger = {f"sender-{sender.number}": sender.acknowledged for sender in senders}
    assert counted(project) == {name: count for name, count in ledger.items() if count}
    assert sum(ledger.values()) > 0
    assert in_peoples_rows(project) == in_usage(project)


def test_a_connection_cut_before_the_answer_and_the_batch_sent_again_counts_once(server):
    project = make_project(server)
    body = json.dumps({"batch": [track(number) for number in range(50)]}).encode()
    head = (
        f"POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {project.given.secret_key}"
        f"\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head.encode() + body)
    headers = {
        "Authorization": f"Bearer {project.given.secret_key}",
        "Content-Type": "application/json",
    }
    answer = send(server, "POST", "/v1/batch", body, headers)
    assert (answer.status, answer.json["stored"]) == (200, 50)
    assert counted(project) == {"export_csv": 50}
