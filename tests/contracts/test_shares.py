"""Connections that come at the same moment are shared by the workers of one server.

Nothing here looks at times: rounds are played until most of the last ten came out well, which even
on a machine with much else to do is so after ten.
"""

import json
import os
import signal
import socket
from collections import deque
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.conftest import ORIGIN
from tests.contracts.serving import Server, eventually, make_project

AT_ONCE = 8
ROUNDS = 100
LISTENS = "0A"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: z\r\n\r\n"


@pytest.fixture(scope="module")
def pair(new_database, tmp_path_factory):
    """A server of two workers that only these tests use, since one of them is killed."""
    # A worker that is stopped must not hold a lock that a job took.
    more = {"JOBS_IN_PROCESS": "0"}
    running = Server(tmp_path_factory.mktemp("pair"), new_database("pair"), more).start()
    # It is ready when the first of them is.
    eventually(lambda: all(held_of_a_round(running).values()), within_s=60)
    yield running
    if running.process.poll() is None:
        running.kill()
    running.close()


@contextmanager
def kept(server, count, request=HEALTH):
    """Connect `count` times at the same moment, ask on each, and keep the connections."""
    with ExitStack() as stack:
        connections = [stack.enter_context(socket.socket()) for _ in range(count)]
        for connection in connections:
            connection.settimeout(30)
            connection.connect(("127.0.0.1", server.port))
        for connection in connections:
            connection.sendall(request)
        for connection in connections:
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        yield


def held(server):
    """Return how many connections each worker has, as the kernel counts them."""
    local = f":{server.port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = {
        f"socket:[{line[9]}]" for line in lines if line[1].endswith(local) and line[3] != LISTENS
    }
    return {pid: len(ours & set(descriptors(pid))) for pid in server.worker_pids()}


def descriptors(pid):
    with suppress(OSError):  # the worker has ended
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):  # closed since it was listed
                yield str(each.readlink())


def held_of_a_round(server):
    """Connect at the same moment and leave; return how many each worker had meanwhile."""
    before = held(server)
    with kept(server, AT_ONCE):
        found = held(server)
    eventually(lambda: sum(held(server).values()) <= sum(before.values()), every_s=0.001)
    return found


def come_to_share(server):
    """Play rounds until in nine of the last ten the workers had nearly as many as each other.

    Before they shared, that was so in about four rounds of ten.
    """
    last = deque(maxlen=10)
    for _ in range(ROUNDS):
        counts = sorted(held_of_a_round(server).values())
        last.append(len(counts) == 2 and counts[1] - counts[0] <= 2)
        if sum(last) >= 9:
            return True
    return False


@contextmanager
def stopped(pid):
    """Let a worker do nothing, as one that is stuck."""
    os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: "\nState:\tT" in Path(f"/proc/{pid}/status").read_text())
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def question(server):
    """Return a question of a page, whose connection the lane then holds."""
    project = make_project(server)
    project.survey()
    body = json.dumps({"publishable_key": project.given.publishable_key, "user_id": "u1"})
    head = f"POST /v1/decide HTTP/1.1\r\nHost: z\r\nOrigin: {ORIGIN}\r\n"
    head += f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def test_connections_of_the_same_moment_are_shared(pair):
    assert come_to_share(pair)


def test_who_has_fewer_takes_more_and_who_is_stuck_holds_up_nobody(pair):
    asked = question(pair)
    with ExitStack() as stack:
        with stopped(pair.worker_pids()[0]):
            stack.enter_context(kept(pair, 4, asked))
            assert sorted(held(pair).values()) == [0, 4]

        assert come_to_share(pair)


def test_a_worker_that_was_killed_is_replaced_by_one_that_takes_its_share(pair):
    first, second = pair.worker_pids()
    os.kill(first, signal.SIGKILL)

    def third_takes_some():
        found = held_of_a_round(pair)
        return any(count for pid, count in found.items() if pid not in (first, second))

    eventually(third_takes_some, within_s=60)
    assert come_to_share(pair)
