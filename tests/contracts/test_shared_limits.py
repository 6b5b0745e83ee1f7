"""Limits that several processes share in a real Redis, and what holds without it (case 42)."""

from __future__ import annotations

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contracts.dashboards import Visitor
from tests.contracts.serving import Server, eventually, free_port, make_project, send, track
from tests.dashboard import join
from tools import redis_server


class Redis:
    """A redis-server in a process of its own, which forgets everything when it ends."""

    def __init__(self, folder):
        self.port = free_port()
        self._folder = folder
        self._process = None

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        program = redis_server.find()
        assert program is not None, "make test sees to a redis-server"
        self._process = subprocess.Popen(
            [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return self

    def kill(self):
        self._process.kill()
        self._process.wait(10)


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    running = Redis(tmp_path_factory.mktemp("redis")).start()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def shared(redis, new_database, tmp_path_factory):
    """Two processes on PostgreSQL that count in one Redis."""
    more = {"RATE_LIMITS": "1", "REDIS_URL": redis.url, "WEB_PROCESSES": "2"}
    server = Server(tmp_path_factory.mktemp("shared"), new_database("shared"), more=more)
    eventually(lambda: is_up(redis))
    yield server.start()
    assert server.stop() == 0, server.log


def is_up(redis):
    from redis import Redis as Client
    from redis import RedisError

    try:
        return Client(port=redis.port).ping()
    except RedisError:
        return False


def state(server):
    return send(server, "GET", "/readyz").json["status"]


def at_the_beginning_of_a_minute():
    """Wait until a fixed window has half a minute left: two of them must not be counted as one."""
    if (second := time.time() % 60) > 30:
        time.sleep(60 - second)


def test_40_several_processes_keep_one_limit_together(shared):
    project = make_project(shared)
    assert len(shared.worker_pids()) == 2
    body = json.dumps({"publishable_key": project.given.publishable_key}).encode()
    at_the_beginning_of_a_minute()

    def ask(_number):
        return send(shared, "POST", "/v1/decide", body, {"Content-Type": "text/plain"})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(700)))

    # No Origin, so each one served is refused with 403: only the count matters here.
    statuses = [answer.status for answer in answers]
    assert (statuses.count(403), statuses.count(429)) == (600, 100)
    refused = next(answer for answer in answers if answer.status == 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_42_without_redis_ingest_goes_on_and_logins_keep_their_limit(shared, redis):
    project = make_project(shared)
    join(shared.db, project.id, "owner", "ann@42.example.com")
    assert project.batch([track(0)]).status == 200
    assert state(shared) == "ready"

    redis.kill()
    for number in range(1, 20):
        assert project.batch([track(number)]).status == 200
    assert state(shared) == "degraded"
    visitor = Visitor(shared)
    tries = [visitor.log_in("ann@42.example.com", "wrong password 1").status for _ in range(6)]
    assert tries == [401] * 5 + [429]

    redis.start()
    eventually(lambda: state(shared) == "ready", within_s=20)
    assert project.batch([track(99)]).status == 200
    assert shared.log.count("redis-away") >= 1
