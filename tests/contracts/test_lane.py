"""Questions of pages share a thread; nobody can tell, whatever else comes on the connection."""

import http.client
import json
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text

from backend.storage.models import Decision
from tests.conftest import ORIGIN
from tests.contracts.serving import answer_of, answers_on, eventually, make_project, raw

PAGE = {"Origin": ORIGIN, "Content-Type": "text/plain"}


@pytest.fixture
def connection(server):
    """A connection that is kept."""
    kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    yield kept
    kept.close()


def question(project, **members):
    return json.dumps({"publishable_key": project.given.publishable_key} | members).encode()


def ask(connection, project, **members):
    connection.request("POST", "/v1/decide", question(project, **members), PAGE)
    return answer_of(connection.getresponse())


def get(connection, path):
    connection.request("GET", path)
    return answer_of(connection.getresponse())


def decisions(project):
    query = select(func.count()).select_from(Decision).where(Decision.project_id == project.id)
    with project.server.db.read() as session:
        return session.scalar(query)


def test_questions_refusals_and_other_requests_come_in_any_order_on_one_connection(
    project, connection
):
    project.survey()

    said = [
        ask(connection, project, user_id="u1"),
        ask(connection, project, user_id="u1"),
        get(connection, "/healthz"),
        ask(connection, project, user_id=7),
        ask(connection, project, user_id="u2"),
        ask(connection, project),
        get(connection, "/v1/decide"),
        ask(connection, project, user_id="u3"),
    ]

    assert [each.status for each in said] == [200, 200, 200, 422, 200, 422, 405, 200]
    shown = [said[place].json["show"] for place in (0, 1, 4, 7)]
    assert shown == [True, False, True, True]
    assert all(each.headers["connection"] == "keep-alive" for each in said)
    assert connection.sock is not None


def test_a_refusal_that_read_no_body_leaves_the_connection_in_order(project, connection):
    project.survey()
    body = question(project, user_id="u1")

    connection.request("POST", "/v1/decide", body, PAGE | {"Content-Type": "text/html"})
    refused = answer_of(connection.getresponse())

    assert refused.status == 415
    assert ask(connection, project, user_id="u1").json["show"] is True


def test_many_who_ask_at_once_on_kept_connections_are_each_answered_for_themselves(project):
    project.survey()

    def visit(number):
        kept = http.client.HTTPConnection("127.0.0.1", project.server.port, timeout=30)
        said = [ask(kept, project, user_id=f"crowd-{number}") for _ in range(3)]
        kept.close()
        return [each.json["show"] for each in said]

    with ThreadPoolExecutor(24) as pool:
        assert list(pool.map(visit, range(48))) == [[True, False, False]] * 48
    assert decisions(project) == 144


def test_surveys_that_are_decided_about_alone_are_answered_between_the_others(project, connection):
    other = make_project(project.server)
    project.survey(limits={"account_cap": {"count": 1, "days": 30}})
    other.survey()

    said = [
        ask(connection, each, user_id=f"u{number}", account={"id": "acme"})
        for number in range(3)
        for each in (project, other)
    ]

    assert [each.json["show"] for each in said] == [True, True, False, True, False, True]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /v1/decide HTTP/1.1\r\nHost: z\r\nX y: a\r\nContent-Length: 2\r\n\r\n{}", 400),
        (b"POST /v1/decide HTTP/1.1\r\n" + b"X: a\r\n" * 101 + b"Content-Length: 2\r\n\r\n{}", 431),
        (b"POST /v1/decide HTTP/1.1\r\nHost: z\r\nContent-Length: 2\r\n\r\n{}", 415),
    ],
)
def test_a_question_that_cannot_be_read_is_refused_like_any_request(server, head, status):
    assert [answer.status for answer in raw(server, head)] == [status]


def test_who_asks_for_the_connection_s_end_gets_the_answer_and_then_that(project):
    project.survey()
    body = question(project, user_id="u1")
    head = f"POST /v1/decide HTTP/1.1\r\nHost: z\r\nOrigin: {ORIGIN}\r\nConnection: close\r\n"
    head += f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", project.server.port), timeout=30) as connection:
        connection.sendall(head.encode() + body)
        (answer,) = answers_on(connection)
    assert answer.json["show"] is True
    assert answer.headers["connection"] == "close"


def test_who_goes_before_the_answer_holds_up_nobody(project, connection):
    project.survey()
    body = question(project, user_id="gone")
    head = f"POST /v1/decide HTTP/1.1\r\nHost: z\r\nOrigin: {ORIGIN}\r\n"
    head += f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", project.server.port), timeout=30) as leaving:
            leaving.sendall(head.encode() + body)

    assert ask(connection, project, user_id="u1").json["show"] is True
    assert ask(connection, project, user_id="u2").json["show"] is True
    eventually(lambda: decisions(project) == 22)


def test_a_connection_that_breaks_between_questions_holds_up_nobody(project, connection):
    project.survey()
    for number in range(5):
        breaking = http.client.HTTPConnection("127.0.0.1", project.server.port, timeout=30)
        assert ask(breaking, project, user_id=f"broken-{number}").json["show"] is True
        # Reset, rather than closed in order.
        breaking.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        breaking.sock.close()
        breaking.close()

    assert ask(connection, project, user_id="u1").json["show"] is True


def test_questions_that_wait_for_a_locked_database_are_each_answered_once(project):
    project.survey()
    is_locked, answered = threading.Event(), []

    def hold(session):
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("LOCK TABLE decisions IN ACCESS EXCLUSIVE MODE"))
        is_locked.set()
        time.sleep(2.2)

    def visit(number):
        is_locked.wait()
        time.sleep(number % 3 * 0.7)
        kept = http.client.HTTPConnection("127.0.0.1", project.server.port, timeout=30)
        answered.extend(ask(kept, project, user_id=f"u{number}").json["show"] for _ in range(2))
        kept.close()

    with ThreadPoolExecutor(25) as pool:
        pool.submit(project.server.db.transact, hold)
        list(pool.map(visit, range(24)))
    assert sorted(answered) == [False] * 24 + [True] * 24
    assert decisions(project) == 48
