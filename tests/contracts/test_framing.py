"""Requests whose framing lies, stalls or is merely unusual (abuse cases 32, 46)."""

import json
import socket
import time

import pytest

from backend import patient_socket
from tests.conftest import ORIGIN
from tests.contracts.serving import answers_on, raw, send

PAGE = {"Host": "zeroten", "Origin": ORIGIN, "Content-Type": "text/plain"}
NEXT = b"GET /healthz HTTP/1.1\r\nHost: zeroten\r\n\r\n"


def request(headers, body=b"", path="/v1/decide"):
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def page_request(more, body=b""):
    return request([*PAGE.items(), *more], body)


def chunked(body, size=1000):
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return page_request([("Transfer-Encoding", "chunked")], framed + b"0\r\n\r\n")


def question(project, size=0):
    """Return a body that is valid JSON wherever its padding is cut."""
    document = {"publishable_key": project.given.publishable_key, "user_id": "u1"}
    return json.dumps(document).encode().ljust(size)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([("Content-Length", "5"), ("Transfer-Encoding", "chunked")], b"0\r\n\r\n"),
        ([("Content-Length", "5"), ("Content-Length", "6")], b"123456"),
        ([("Content-Length", "5"), ("Content-Length", "5")], b"12345"),
        ([("Content-Length", "-5")], b"12345"),
        ([("Content-Length", "+5")], b"12345"),
        ([("Content-Length", "5, 5")], b"12345"),
        ([("Transfer-Encoding", "identity")], b"0\r\n\r\n"),
        ([("Transfer-Encoding", "chunked, chunked")], b"0\r\n\r\n"),
        ([("Transfer-Encoding", "chunked")], b"zz\r\nabc\r\n0\r\n\r\n"),
        ([("Transfer-Encoding", "chunked")], b"5\r\nabcdefgh\r\n0\r\n\r\n"),
        ([("Transfer-Encoding", "chunked")], b"-1\r\na\r\n0\r\n\r\n"),
    ],
)
def test_a_request_of_doubtful_length_gets_400_and_nothing_behind_it_is_served(
    server, headers, body
):
    before = server.rows()

    answers = raw(server, page_request(headers, body) + NEXT)

    assert [answer.status for answer in answers] == [400]
    assert server.rows() == before


@pytest.mark.parametrize("size", [32 * 1024 + 1, 100_000])
def test_a_chunked_body_over_the_limit_gets_413_though_it_is_json_where_cut(project, size):
    project.survey()
    before = project.server.rows()

    first = raw(project.server, chunked(question(project, size)) + NEXT)[0]

    assert (first.status, first.slug) == (413, "payload-too-large")
    assert project.server.rows() == before


def test_after_413_the_connection_serves_the_next_request_and_not_the_rest_of_the_body(project):
    over = question(project, 32 * 1024 + 1)
    plain = page_request([("Content-Length", str(len(over)))], over)

    for sent in (plain, chunked(over)):
        answers = raw(project.server, sent + NEXT)
        assert [answer.status for answer in answers] == [413, 200]
        assert answers[1].json == {"status": "ok"}


def test_a_chunked_body_within_the_limit_is_read_whole(project):
    project.survey()
    answers = raw(project.server, chunked(question(project, 32 * 1024), size=777) + NEXT)
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].json["show"] is True


def test_a_sender_who_waits_for_100_continue_gets_it(project):
    project.survey()
    body = question(project)
    head = page_request([("Expect", "100-continue"), ("Content-Length", str(len(body)))])
    with socket.create_connection(("127.0.0.1", project.server.port), timeout=5) as connection:
        connection.sendall(head)
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(body)
        connection.shutdown(socket.SHUT_WR)
        assert [answer.status for answer in answers_on(connection)] == [200]


def test_a_body_cut_short_gets_400_and_stores_nothing(project):
    project.survey()
    before = project.server.rows()

    answers = raw(project.server, page_request([("Content-Length", "500")], question(project)))

    assert [answer.status for answer in answers] == [400]
    assert project.server.rows() == before


def test_requests_sent_one_behind_the_other_are_answered_in_order(project):
    project.survey()
    body = question(project)
    one = page_request([("Content-Length", str(len(body)))], body)

    answers = raw(project.server, one + NEXT + NEXT + one + NEXT)

    assert [answer.status for answer in answers] == [200] * 5
    assert [answer.json.get("show") for answer in answers] == [True, None, None, False, None]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: z\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 17_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 101 + b"\r\n", 431),
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX y: a\r\n\r\n", 400),
        (b"POST /v1/batch HTTP/1.1\r\nAuthorization: Basic \xe9\xe9\r\n\r\n", 401),
    ],
)
def test_an_odd_request_is_refused_and_the_sender_is_not_named_in_the_log(server, line, status):
    assert [answer.status for answer in raw(server, line)] == [status]
    assert "ip=127.0.0.1" not in server.log


def test_senders_who_stall_or_dribble_hold_up_nobody_and_are_closed(limited_server):
    stalled = [b"", b"GET /healthz HT", page_request([("Content-Length", "500")], b"{")]
    connections = [
        socket.create_connection(("127.0.0.1", limited_server.port))
        for _ in range(20 * len(stalled))
    ]
    dribbling = socket.create_connection(("127.0.0.1", limited_server.port), timeout=1)
    began = time.monotonic()
    for number, connection in enumerate(connections):
        connection.sendall(stalled[number % len(stalled)])

    for _ in range(10):
        assert send(limited_server, "GET", "/healthz", timeout_s=2).status == 200

    assert dribble(dribbling, b"GET /healthz HTTP/1.1\r\nX: ") < patient_socket.READ_WITHIN_S + 3
    for connection in connections:
        connection.settimeout(began + 17 - time.monotonic())
        assert connection.recv(1000) == b""
        connection.close()


def dribble(connection, head):
    """Send a byte a second until the server closes the connection; return after how long."""
    began = time.monotonic()
    with connection:
        connection.sendall(head)
        while time.monotonic() - began < 20:
            try:
                connection.sendall(b"x")
                if connection.recv(100) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("held", "is_whole"),
    [
        (b"", False),
        (b"GET / HTTP/1.1\r\n", False),
        (b"GET / HTTP/1.1\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", False),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", True),
        (b"POST / HTTP/1.1\r\ncontent-length:3\r\n\r\nab", False),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\nab", True),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", True),
        (b"x" * 70_000, True),
    ],
)
def test_a_thread_takes_a_request_once_it_need_not_wait_for_it(held, is_whole):
    assert patient_socket.is_whole(held) is is_whole
